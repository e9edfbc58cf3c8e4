import { query } from '../shared/request';
import type { Kind } from './types';

export type Tab = 'artifacts' | 'executions' | 'lineage';

export interface Selected {
  kind: Kind;
  id: number;
  name: string;
}

/** What is looked at; also what is kept over a reload. */
export interface MetadataState {
  tab: Tab;
  type: string;
  q: string;
  filter: string;
  /** Whether executions and metrics of trials are listed too: of one search there may be hundreds. */
  trials: boolean;
  /** A field; descending with a leading `-`. */
  sort: string;
  selected: Selected | null;
}

export const START: MetadataState = {
  tab: 'artifacts',
  type: '',
  q: '',
  filter: '',
  trials: false,
  sort: '-created',
  selected: null
};

/** The state in which one artifact is shown. */
export function showing(id: number, name: string): MetadataState {
  return { ...START, selected: { kind: 'artifact', id, name } };
}

export const TYPES: Record<Exclude<Tab, 'lineage'>, string[]> = {
  artifacts: ['system.Dataset', 'system.Model', 'system.Metrics'],
  executions: ['system.ContainerExecution']
};

export const LIMIT = 50;

/** The stored state where it is one, else the start. */
export function restoreMetadata(stored: unknown): MetadataState {
  if (typeof stored !== 'object' || stored === null) {
    return START;
  }
  const given = stored as Partial<Record<keyof MetadataState, unknown>>;
  const text = (key: 'type' | 'q' | 'filter' | 'sort'): string =>
    typeof given[key] === 'string' ? given[key] : START[key];
  const { selected } = given;
  const tabs: Tab[] = ['artifacts', 'executions', 'lineage'];
  return {
    tab: tabs.includes(given.tab as Tab) ? (given.tab as Tab) : START.tab,
    type: text('type'),
    q: text('q'),
    filter: text('filter'),
    trials: given.trials === true,
    sort: text('sort') || START.sort,
    selected: isSelected(selected) ? selected : null
  };
}

function isSelected(value: unknown): value is Selected {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  const { kind, id, name } = value as Partial<Record<keyof Selected, unknown>>;
  return (
    (kind === 'artifact' || kind === 'execution') &&
    typeof id === 'number' &&
    typeof name === 'string'
  );
}

/** What a trial leaves names the run that it is part of. */
const NO_TRIAL = 'parent_run is null';

function filterOf({ filter, trials }: MetadataState): string {
  if (trials) {
    return filter;
  }
  return filter.trim() ? `(${filter}) and ${NO_TRIAL}` : NO_TRIAL;
}

/** The request for one page of the list. */
export function listPath(state: MetadataState, token: string | null): string {
  return query(
    `metadata/${state.tab === 'executions' ? 'executions' : 'artifacts'}`,
    {
      type: state.type,
      q: state.q,
      filter: filterOf(state),
      sort: state.sort,
      limit: LIMIT,
      page_token: token
    }
  );
}

/** The sort after a click on a column: first one way, then the other. */
export function nextSort(sort: string, column: string): string {
  const newestFirst = column === 'created' || column === 'updated';
  if (sort === column) {
    return `-${column}`;
  }
  if (sort === `-${column}`) {
    return column;
  }
  return newestFirst ? `-${column}` : column;
}
