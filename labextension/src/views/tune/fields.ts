/** Where a field of the RunSpec is in the form, what it is called, and which errors a change makes old. */
import type { Trans } from '../shared/host';
import { stepName } from '../train/steps';
import { stepOf, type Errors } from '../train/draft';
import { SPACE } from './checks';
import type { TuneDraft } from './draft';
import type { Properties } from '../train/params';
import type { Row } from './space';

/** The sections that fold. */
export type Section = 'data' | 'model' | 'prepare';

/** The folding section that shows a field; null for what is always in sight. */
export function sectionOf(path: string): Section | null {
  if (/^tuning\b/.test(path)) {
    return null;
  }
  if (/^(model|training)\b/.test(path)) {
    return 'model';
  }
  return /^(preprocess|split)\b/.test(path) ? 'prepare' : 'data';
}

/** A field as people call it: `Search space, max_depth: high`. */
export function fieldName(
  path: string,
  rows: readonly Row[],
  properties: Properties | null,
  trans: Trans
): string {
  const space = new RegExp(`^${SPACE}\\.(\\d+)(?:\\.(\\w+))?`).exec(path);
  if (space) {
    const place = Number(space[1]);
    const name = rows[place]?.name || trans('parameter %1', place + 1);
    return space[2]
      ? trans('Search space, %1: %2', name, space[2])
      : trans('Search space, %1', name);
  }
  const words: Record<string, string> = {
    [SPACE]: trans('Search space'),
    'from.run': trans('Training run'),
    'tuning.method': trans('Method'),
    'tuning.objective': trans('Objective'),
    'tuning.objective.metric': trans('Objective'),
    'tuning.objective.goal': trans('Objective'),
    'tuning.resource': trans('Given more and more of'),
    'tuning.resource.name': trans('Given more and more of'),
    'tuning.resource.min': trans('At first'),
    'tuning.resource.max': trans('At most'),
    'tuning.resource.factor': trans('Times more each round'),
    'tuning.budget.trials': trans('Trials'),
    'tuning.budget.parallel': trans('At once'),
    'tuning.budget.seconds': trans('Time limit'),
    'tuning.budget.trial_seconds': trans('Limit of one trial'),
    'dataset.uri': trans('Dataset'),
    'dataset.target': trans('Target')
  };
  if (path in words) {
    return words[path];
  }
  if (path.startsWith('tuning.')) {
    return path;
  }
  const parameter = /^model\.params\.(.+)/.exec(path)?.[1] ?? '';
  return trans(
    '%1: %2',
    stepName(stepOf(path), trans),
    properties?.[parameter]?.title ?? path
  );
}

const PREFIXES: Partial<Record<keyof TuneDraft, string>> = {
  metric: 'tuning.objective',
  method: 'tuning.',
  resource: 'tuning.resource',
  least: 'tuning.resource',
  most: 'tuning.resource',
  factor: 'tuning.resource',
  trials: 'tuning.budget.trials',
  parallel: 'tuning.budget.parallel',
  seconds: 'tuning.budget.seconds',
  trialSeconds: 'tuning.budget.trial_seconds'
};

/** The errors that still hold after a change: those of other fields, and of rows that are as they were. */
export function remaining(
  errors: Errors,
  change: Partial<TuneDraft>,
  before: readonly Row[],
  after: readonly Row[] | undefined
): Errors {
  const old = (path: string): boolean => {
    const keys = Object.keys(change) as (keyof TuneDraft)[];
    if (keys.includes('source') || keys.includes('from')) {
      return true;
    }
    if (keys.some(key => PREFIXES[key] && path.startsWith(PREFIXES[key]))) {
      return true;
    }
    if (path.startsWith(SPACE)) {
      if (!keys.includes('spaces')) {
        return false;
      }
      const place = Number(path.split('.')[2]);
      return after?.length !== before.length || after[place] !== before[place];
    }
    return (
      (keys.includes('data') || keys.includes('changed')) &&
      !path.startsWith('tuning.')
    );
  };
  return Object.fromEntries(
    Object.entries(errors).filter(([path]) => !old(path))
  );
}
