import { useCallback, useEffect, useReducer, useRef, useState } from 'react';
import type {
  Cancelled,
  Done,
  Event,
  EventPage,
  Failed,
  Interrupted,
  Run
} from './types';
import { useHost } from './host';
import { useRequest, type Loaded } from './request';
import { isLive } from './state';

export type End = Done | Failed | Cancelled | Interrupted;

/** What every account of a run's events knows. */
export interface Followable {
  /** The last event taken in. */
  seq: number;
  /** Events between `seq` and what came next are missing: ask for them since `seq`. */
  gap: boolean;
  end: End | null;
}

export interface Followed<L extends Followable> {
  live: L;
  connected: boolean;
  /** To ask for it anew is to follow an ended run that goes on. */
  record: Loaded<Run>;
}

/** What a view knows of how its run is followed best. */
export interface Following {
  /** The events are taken in once for each frame that the browser draws, however many came. */
  batched?: boolean;
  /** An ended run may be resumed from anywhere, so its record is asked for it now and then. */
  resumable?: boolean;
}

const LIVE_EVERY = 5000;
const ENDED_EVERY = 10_000;
const PAGE = 1000;
const GAP_RETRY = 2000;
const HIDDEN = 250;

/**
 * The events that come next after `seq`, in order. One seen before is passed over; at a missing one it stops and says
 * so, so that what comes later is asked for again and nothing is shown out of order.
 */
export function following(
  seq: number,
  events: readonly Event[]
): { fresh: Event[]; gap: boolean } {
  const fresh: Event[] = [];
  let last = seq;
  for (const event of events) {
    if (event.seq <= last) {
      continue;
    }
    if (event.seq > last + 1) {
      return { fresh, gap: true };
    }
    fresh.push(event);
    last = event.seq;
  }
  return { fresh, gap: false };
}

/** Follows the events of a run over the stream, and fills a gap from the event log. */
export function useFollow<L extends Followable>(
  id: string,
  reduce: (live: L, events: readonly Event[]) => L,
  start: L,
  { batched = false, resumable = false }: Following = {}
): Followed<L> {
  const { client } = useHost();
  const [live, dispatch] = useReducer(reduce, start);
  const [connected, setConnected] = useState(true);
  const [turn, setTurn] = useState(0);
  const { end } = live;
  const record = useRequest<Run>(
    `runs/${id}`,
    !end ? LIVE_EVERY : resumable ? ENDED_EVERY : undefined
  );
  const take = useFrames(dispatch, batched);
  const latest = useRef<Followable>(live);
  useEffect(() => {
    latest.current = live;
  }, [live]);

  // The stream stopped at an end that the record knows no more of: the run goes on, or has ended once more since.
  useEffect(() => {
    const seen = latest.current.end;
    if (seen && record.data && record.data.ended !== seen.time) {
      setTurn(count => count + 1);
    }
  }, [record.data]);

  useEffect(
    () =>
      client.subscribe(
        `runs/${id}/stream?since=${latest.current.seq}`,
        message => take(message as Event[]),
        setConnected
      ),
    [client, id, take, turn]
  );

  // Where the stream can't be had at all, the log is read instead, so that nothing waits for ever.
  const missing = live.gap || (!connected && !live.end);
  useEffect(() => {
    if (!missing) {
      return;
    }
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const fill = async (since: number): Promise<void> => {
      let next = since;
      try {
        const page = await client.request<EventPage>(
          'GET',
          `runs/${id}/events?since=${since}&limit=${PAGE}&no_track_activity=1`,
          undefined,
          abort.signal
        );
        take(page.items);
        next = page.next_since;
        if (page.items.length === PAGE) {
          return await fill(next);
        }
      } catch {
        // Asked again below; the header says that the connection is lost.
      }
      if (!abort.signal.aborted) {
        timer = setTimeout(() => void fill(next), GAP_RETRY);
      }
    };
    void fill(latest.current.seq);
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [client, id, missing, take]);

  return { live, connected, record };
}

/** Hands events on, all of one frame of the browser at once; a hidden page draws no frames, so a clock stands in. */
function useFrames(
  take: (events: readonly Event[]) => void,
  batched: boolean
): (events: readonly Event[]) => void {
  const waiting = useRef<Event[]>([]);
  const stop = useRef<(() => void) | null>(null);
  useEffect(
    () => () => {
      stop.current?.();
      stop.current = null;
      waiting.current = [];
    },
    []
  );
  return useCallback(
    events => {
      if (!batched) {
        take(events);
        return;
      }
      for (const event of events) {
        waiting.current.push(event);
      }
      if (stop.current) {
        return;
      }
      const flush = (): void => {
        stop.current = null;
        const all = waiting.current;
        waiting.current = [];
        take(all);
      };
      if (document.hidden) {
        const timer = setTimeout(flush, HIDDEN);
        stop.current = () => clearTimeout(timer);
      } else {
        const frame = requestAnimationFrame(flush);
        stop.current = () => cancelAnimationFrame(frame);
      }
    },
    [take, batched]
  );
}

/** The state to show: what the events say is newer than the record. */
export function stateOf(
  live: Pick<Followable, 'seq' | 'end'>,
  run: Run | undefined
): string {
  if (live.end) {
    return live.end.type;
  }
  if (run && !isLive(run.state)) {
    return run.state;
  }
  return live.seq > 0 ? 'running' : (run?.state ?? 'queued');
}
