import { useEffect, useReducer, useState } from 'react';
import type { Event, EventPage, Run } from '../shared/types';
import { useHost } from '../shared/host';
import { useRequest, type Loaded } from '../shared/request';
import { isLive } from '../shared/state';

import { NOTHING, reduce, type Live } from './live';

export interface Followed {
  live: Live;
  connected: boolean;
  record: Loaded<Run>;
}

const PAGE = 1000;
const GAP_RETRY = 2000;

/** Follows the events of a run over the stream, and fills a gap from the event log. */
export function useRun(id: string): Followed {
  const { client } = useHost();
  const [live, take] = useReducer(reduce, NOTHING);
  const [connected, setConnected] = useState(true);
  const record = useRequest<Run>(`runs/${id}`, live.end ? undefined : 5000);

  useEffect(
    () =>
      client.subscribe(
        `runs/${id}/stream?since=0`,
        message => take(message as Event[]),
        setConnected
      ),
    [client, id]
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
    void fill(live.seq);
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- since where the gap began, not each event after
  }, [client, id, missing]);

  return { live, connected, record };
}

/** The state to show: what the events say is newer than the record. */
export function stateOf(live: Live, run: Run | undefined): string {
  if (live.end) {
    return live.end.type;
  }
  if (run && !isLive(run.state)) {
    return run.state;
  }
  return live.seq > 0 ? 'running' : (run?.state ?? 'queued');
}
