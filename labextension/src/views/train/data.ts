import type { Column } from '../../api/types';
import type { Trans } from '../shared/host';
import { parts, type Draft, type Errors, type Task } from './draft';
import type { Profile } from './offers';

/** Rows of the whole dataset, with those of a test part that are not shown. */
export function allRows(profile: Profile): number {
  return profile.rows + (profile.hidden ?? 0);
}

/** What the data itself keeps from being trained on, by JSON path: known from its profile, before any run. */
export function dataErrors(
  draft: Draft,
  task: Task,
  profile: Profile | undefined,
  trans: Trans
): Errors {
  // With rows left out, classes look smaller than they are.
  if (!profile || profile.hidden) {
    return {};
  }
  const target = profile.columns.find(column => column.name === draft.target);
  const found: [string, string | null][] = [
    ['dataset.target', target ? targetError(target, profile, trans) : null],
    ['dataset.columns', columnsError(draft, profile, trans)],
    ['task', target ? taskError(draft, target, trans) : null],
    ['split.parts', partsError(draft, profile, trans)],
    ['split.method', target ? methodError(draft, task, target, trans) : null]
  ];
  return Object.fromEntries(
    found.filter((entry): entry is [string, string] => entry[1] !== null)
  );
}

function targetError(
  target: Column,
  profile: Profile,
  trans: Trans
): string | null {
  if (target.missing > 0) {
    return trans(
      'The target %1 is empty in %2 of %3 rows: fill or remove these rows before training.',
      target.name,
      target.missing,
      profile.rows
    );
  }
  return target.unique < 2
    ? trans(
        'The target %1 has the same value in all rows: there is nothing to learn. Choose another column.',
        target.name
      )
    : null;
}

function columnsError(
  draft: Draft,
  profile: Profile,
  trans: Trans
): string | null {
  const usable = (column: Column): boolean =>
    column.unique > 1 || (column.unique === 1 && column.missing > 0);
  const others = profile.columns.filter(column => column.name !== draft.target);
  return others.some(usable)
    ? null
    : trans(
        'No usable column: beside the target, each is empty or has the same value in all rows.'
      );
}

function taskError(draft: Draft, target: Column, trans: Trans): string | null {
  return draft.task === 'binary' && target.unique > 2
    ? trans(
        'Two classes need a target of two values; %1 has %2.',
        target.name,
        target.unique
      )
    : null;
}

function partsError(
  draft: Draft,
  profile: Profile,
  trans: Trans
): string | null {
  const count = parts(draft).length;
  return profile.rows < 2 * count
    ? trans(
        '%1 rows are too few for %2 parts; at least %3 are needed.',
        profile.rows,
        count,
        2 * count
      )
    : null;
}

function methodError(
  draft: Draft,
  task: Task,
  target: Column,
  trans: Trans
): string | null {
  if (draft.method !== 'stratified') {
    return null;
  }
  if (task === 'regression') {
    return trans('A stratified split needs classes; use random for a number.');
  }
  const count = parts(draft).length;
  const { rarest } = target;
  return rarest && rarest.count < count
    ? trans(
        'Class %1 has too few rows (%2) to be in each of %3 parts. Use the random method, add rows, or leave the class out.',
        rarest.value,
        rarest.count,
        count
      )
    : null;
}
