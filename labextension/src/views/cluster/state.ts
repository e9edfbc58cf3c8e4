import { KINDS } from './kinds';
import type { KindName } from './types';

export type Tab = 'about' | 'events' | 'yaml' | 'log';

/** What is looked at; also what is kept over a reload. */
export interface ClusterState {
  kind: KindName;
  q: string;
  /** A column; descending with a leading `-`. */
  sort: string;
  /** The name of the object whose details are open. */
  selected: string | null;
  tab: Tab;
}

export const START: ClusterState = {
  kind: 'pods',
  q: '',
  sort: '',
  selected: null,
  tab: 'about'
};

const TABS: Tab[] = ['about', 'events', 'yaml', 'log'];

/** The stored state where it is one, else the start. */
export function restoreCluster(stored: unknown): ClusterState {
  if (typeof stored !== 'object' || stored === null) {
    return START;
  }
  const given = stored as Partial<Record<keyof ClusterState, unknown>>;
  return {
    kind: KINDS.find(kind => kind === given.kind) ?? START.kind,
    q: typeof given.q === 'string' ? given.q : START.q,
    sort: typeof given.sort === 'string' ? given.sort : START.sort,
    selected: typeof given.selected === 'string' ? given.selected : null,
    tab: TABS.find(tab => tab === given.tab) ?? START.tab
  };
}
