import type { Trans } from '../shared/host';
import { query } from '../shared/request';

export const ALL = 'all';
export const GROUPS = [ALL, 'running', 'done', 'failed', 'cancelled'] as const;
export type Group = (typeof GROUPS)[number];

/** What the server gives at once, at most. */
const LIMIT = 500;

export interface RunsState {
  group: Group;
}

export function restoreRuns(stored: unknown): RunsState {
  const group = (stored as Partial<RunsState> | null | undefined)?.group;
  return { group: group && GROUPS.includes(group) ? group : ALL };
}

export function runsPath(state: RunsState): string {
  return query('runs', {
    state: state.group === ALL ? '' : state.group,
    limit: LIMIT
  });
}

export function groupWord(group: Group, trans: Trans): string {
  const words: Record<Group, string> = {
    all: trans('All'),
    running: trans('Running'),
    done: trans('Done'),
    failed: trans('Failed'),
    cancelled: trans('Cancelled')
  };
  return words[group];
}
