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
  record: Loaded<Run>;
  /** Follows anew, from the last event on: an ended run goes on. */
  again: () => void;
}

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

/**
 * Follows the events of a run over the stream, and fills a gap from the event log. With `batched` they are taken in
 * once for each frame that the browser draws, however many came.
 */
export function useFollow<L extends Followable>(
  id: string,
  reduce: (live: L, events: readonly Event[]) => L,
  start: L,
  batched = false
): Followed<L> {
  const { client } = useHost();
  const [live, dispatch] = useReducer(reduce, start);
  const [connected, setConnected] = useState(true);
  const [turn, setTurn] = useState(0);
  const record = useRequest<Run>(`runs/${id}`, live.end ? undefined : 5000);
  const take = useFrames(dispatch, batched);
  const seen = useRef(0);
  useEffect(() => {
    seen.current = live.seq;
  }, [live.seq]);

  useEffect(
    () =>
      client.subscribe(
        `runs/${id}/stream?since=${seen.current}`,
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
    void fill(seen.current);
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [client, id, missing, take]);

  const { retry } = record;
  const again = useCallback(() => {
    setTurn(count => count + 1);
    retry();
  }, [retry]);
  return { live, connected, record, again };
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
