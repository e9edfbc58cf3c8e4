import { useFollow, type Followed } from '../shared/follow';
import { NOTHING, reduce, type Live } from './live';

export { stateOf } from '../shared/follow';

/** Follows the events of a run that trains or evaluates. */
export function useRun(id: string): Followed<Live> {
  return useFollow(id, reduce, NOTHING);
}
