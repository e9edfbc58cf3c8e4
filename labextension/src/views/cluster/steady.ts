import type { Row } from './types';

export interface Shown {
  row: Row;
  /** Whether the object is no more; its row stays while the list is read. */
  gone: boolean;
}

export interface Steady {
  shown: Shown[];
  /** Rows that wait to be shown, so that nothing moves. */
  waiting: number;
}

/**
 * What is shown of the present rows. While the list is read, rows keep their places: what is gone stays, marked, and
 * what is new comes after all others, or waits where `hold` says that its place is before them.
 */
export function steady(
  before: readonly Shown[],
  rows: readonly Row[],
  reading: boolean,
  hold: boolean
): Steady {
  if (!reading || before.length === 0) {
    return { shown: rows.map(row => ({ row, gone: false })), waiting: 0 };
  }
  const present = new Map(rows.map(row => [row.uid, row]));
  const kept = before.map(({ row }) => {
    const now = present.get(row.uid);
    present.delete(row.uid);
    return now ? { row: now, gone: false } : { row, gone: true };
  });
  const fresh = [...present.values()];
  return hold
    ? { shown: kept, waiting: fresh.length }
    : {
        shown: [...kept, ...fresh.map(row => ({ row, gone: false }))],
        waiting: 0
      };
}
