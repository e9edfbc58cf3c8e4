import { useFollow, type Followed } from '../shared/follow';
import { NO_SEARCH, reduceSearch, type Search } from './search';

/** Follows the events of a tuning run, those of one frame of the browser at once. */
export function useSearch(id: string): Followed<Search> {
  return useFollow(id, reduceSearch, NO_SEARCH, true);
}
