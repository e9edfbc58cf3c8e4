/** The server's types of a search, by the names that the views use. */
import type {
  Methods,
  Parameter as ApiParameter,
  TrialEvent
} from '../../api/types';

export type {
  Methods,
  ModelOffer,
  ResourceSpec,
  SearchOffer,
  TrialEvent,
  TuningSpec
} from '../../api/types';

import type { Value } from '../train/params';

export type { Value };
export type Params = TrialEvent['params'];
export type Method = Methods['search'][number]['method'];
export type Goal = Methods['metrics'][number]['goal'];
/** `when` of the API has the type of a list that is never empty; what is typed may be anything. */
export type Parameter = Omit<ApiParameter, 'when'> & {
  when?: Record<string, Value[]>;
};
