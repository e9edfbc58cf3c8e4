/** What the server offers to the form: datasets, their profiles, models. */
import type { Column, ModelOffer, Profile } from '../../api/types';
import type { Draft, Task } from './draft';

export type { DatasetOffer, ModelOffer, Profile } from '../../api/types';

/** The task a run will have: what was chosen, else what the target's column looks like. */
export function taskOf(draft: Draft, profile?: Profile): Task {
  if (draft.task !== 'auto' || !profile) {
    return draft.task;
  }
  const { suggested } = profile;
  const target = draft.target || suggested.target;
  if (target === suggested.target) {
    return suggested.task;
  }
  const column = profile.columns.find(item => item.name === target);
  return column ? looksLike(column, profile.rows) : 'auto';
}

const MAX_CLASSES = 20;

function looksLike(column: Column, rows: number): Task {
  if (column.unique <= 2) {
    return column.unique === 2 ? 'binary' : 'auto';
  }
  if (column.role !== 'number') {
    return 'multiclass';
  }
  const few = column.unique <= Math.min(MAX_CLASSES, Math.max(2, rows / 10));
  return few && /int/i.test(column.dtype) ? 'multiclass' : 'regression';
}

export function suits(model: ModelOffer, task: Task): boolean {
  return task === 'auto' || model.tasks.includes(task);
}

/** The draft with the form's own good values where nothing was chosen. */
export function completed(
  draft: Draft,
  profile: Profile | undefined,
  models: readonly ModelOffer[] | undefined
): Draft {
  const task = taskOf(draft, profile);
  const fitting = models?.filter(model => suits(model, task)) ?? [];
  const forest = fitting.find(model => model.family.includes('RandomForest'));
  const chosen = models?.find(model => model.family === draft.family);
  // Chosen for another dataset, perhaps; code of one's own is in no list.
  const kept = chosen && !suits(chosen, task) ? '' : draft.family;
  return {
    ...draft,
    target: draft.target || profile?.suggested.target || '',
    family: kept || (forest ?? fitting[0])?.family || ''
  };
}
