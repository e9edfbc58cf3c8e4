/** The shapes of the REST answers that the views read. */
import type { RunSpec } from '../../api/types';
import type { Numeric } from './format';

export type RunState =
  | 'queued'
  | 'running'
  | 'paused'
  | 'interrupted'
  | 'done'
  | 'failed'
  | 'cancelled';

export interface Run {
  id: string;
  kind: 'train' | 'tune' | 'evaluate';
  name: string;
  state: RunState;
  cause?: string | null;
  text?: string | null;
  created: string;
  started?: string | null;
  ended?: string | null;
  spec: RunSpec;
  best?: { metric: string; value: Numeric } | null;
}

export interface Page<T> {
  items: T[];
  total: number;
  total_exact: boolean;
  next_page_token: string | null;
}
