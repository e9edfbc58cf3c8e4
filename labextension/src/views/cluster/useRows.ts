import { useEffect, useState } from 'react';
import { useHost } from '../shared/host';
import type { Frame, KindName, Row } from './types';

export interface Rows {
  /** Undefined until the first frame has come. */
  rows: ReadonlyMap<string, Row> | undefined;
  /** Why they cannot be followed at the moment. */
  fault: Extract<Frame, { type?: 'fault' }> | undefined;
  /** Whether the stream to the server stands. */
  connected: boolean;
}

interface Kept extends Rows {
  kind: KindName | null;
}

const NOTHING: Rows = { rows: undefined, fault: undefined, connected: true };

/** The rows of a kind, live while the view is seen; of no kind where it is null. */
export function useRows(kind: KindName | null): Rows {
  const { client, visible } = useHost();
  const [kept, setKept] = useState<Kept>({ ...NOTHING, kind });
  useEffect(() => {
    if (kind === null || !visible) {
      return;
    }
    const update = (change: (before: Rows) => Rows): void =>
      setKept(before => ({
        ...change(before.kind === kind ? before : NOTHING),
        kind
      }));
    return client.subscribe(
      `cluster/stream?kind=${kind}`,
      message => update(before => take(before, message as Frame)),
      connected => update(before => ({ ...before, connected }))
    );
  }, [client, kind, visible]);
  return kept.kind === kind ? kept : NOTHING;
}

/** The rows after a frame. */
export function take(before: Rows, frame: Frame): Rows {
  switch (frame.type) {
    case 'rows':
      return {
        rows: new Map(frame.rows.map(row => [row.uid, row])),
        fault: undefined,
        connected: true
      };
    case 'changes': {
      const rows = new Map(before.rows);
      frame.removed.forEach(uid => rows.delete(uid));
      frame.changed.forEach(row => rows.set(row.uid, row));
      return { ...before, rows, connected: true };
    }
    case 'fault':
      return { ...before, fault: frame, connected: true };
    default:
      return before;
  }
}
