import { useFollow, type Followed } from '../shared/follow';
import { NO_SEARCH, reduceSearch, type Search } from './search';

/** Follows the events of a tuning run, which may come by the hundred, and go on after an end. */
export function useSearch(id: string): Followed<Search> {
  return useFollow(id, reduceSearch, NO_SEARCH, {
    batched: true,
    resumable: true
  });
}
