/** The cluster as the REST API gives it. */
import type {
  ChangesFrame,
  FaultFrame,
  KindCount,
  LogFrame,
  Lost,
  RowsFrame,
  RowsPage
} from '../../api/types';

export type {
  Condition,
  Container,
  Details,
  EventRow,
  KindCount,
  LogText,
  Missing,
  Overview,
  PodRow,
  Ref
} from '../../api/types';

export type KindName = KindCount['name'];
export type Row = RowsPage['items'][number];
export type Mood = Row['mood'];
export type Frame = RowsFrame | ChangesFrame | FaultFrame;
export type LogMessage = LogFrame | Lost;
