/** How the page of a tuning run was left, so that it comes back so after a reload. */
import type { Brushes } from './charts';
import { FIRST_SORT, type Sort } from './table';

export interface PageState {
  sort: Sort;
  selected: number | null;
  brushes: Brushes;
}

const NEW_PAGE: PageState = { sort: FIRST_SORT, selected: null, brushes: {} };

export function restorePage(stored: unknown): PageState {
  if (typeof stored !== 'object' || stored === null) {
    return NEW_PAGE;
  }
  const given = stored as Partial<Record<keyof PageState, unknown>>;
  return {
    sort: typeof given.sort === 'string' ? given.sort : NEW_PAGE.sort,
    selected: typeof given.selected === 'number' ? given.selected : null,
    brushes: isBrushes(given.brushes) ? given.brushes : {}
  };
}

function isBrushes(value: unknown): value is Brushes {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every(
      brush =>
        Array.isArray(brush) &&
        brush.every(
          range =>
            Array.isArray(range) &&
            range.length === 2 &&
            range.every(end => typeof end === 'number')
        )
    )
  );
}
