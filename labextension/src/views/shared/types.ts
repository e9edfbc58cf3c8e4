/** The server's types by the names that the views use. */
import type { Events, Run } from '../../api/types';

export type {
  CancelledEvent as Cancelled,
  Confusion,
  DoneEvent as Done,
  EpochEvent as Epoch,
  FailedEvent as Failed,
  InterruptedEvent as Interrupted,
  MetricEvent as Metric,
  PredictionEvent as Prediction,
  PredictionRow,
  Run,
  RunSpec,
  SpecialFloat,
  StageEvent as Stage,
  WarningEvent
} from '../../api/types';

export type Event = Events['items'][number];
export type EventPage = Events;
export type RunState = Run['state'];

/** One page of any list. */
export interface Page<T> {
  items: T[];
  total: number;
  total_exact?: boolean;
  next_page_token?: string | null;
}
