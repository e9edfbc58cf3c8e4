import type { RunSpec } from '../shared/types';
import type { Trans } from '../shared/host';
import type { Errors } from '../shared/useStart';
import { wholeNumbers } from '../shared/whole';

/** The steps of the stepper, in order. */
export const STEPS = [
  'data',
  'explore',
  'prepare',
  'split',
  'model',
  'train',
  'evaluate'
] as const;
export type { Errors };
export type Step = (typeof STEPS)[number];

type Preprocess = Required<NonNullable<RunSpec['preprocess']>>;
type Split = Required<NonNullable<RunSpec['split']>>;
export type Task = NonNullable<RunSpec['task']>;

/** What was chosen and typed, as it was typed; also what is kept over a reload. */
export interface Draft {
  step: Step;
  name: string;
  uri: string;
  target: string;
  task: Task;
  preprocess: Preprocess;
  method: Split['method'];
  by: string;
  validation: boolean;
  seed: string;
  family: string;
  /** The parameters of each family tried, so that changing back loses nothing. */
  params: Record<string, Record<string, unknown>>;
  epochs: string;
  batchSize: string;
  patience: string;
  /** The run that this draft became. */
  run: string | null;
}

export const NEW_DRAFT: Draft = {
  step: 'data',
  name: '',
  uri: '',
  target: '',
  task: 'auto',
  preprocess: {
    missing: 'auto',
    scale: 'auto',
    categories: 'auto',
    dates: 'auto',
    text: 'string',
    outliers: 'none',
    drop: []
  },
  method: 'random',
  by: '',
  validation: true,
  seed: '7',
  family: '',
  params: {},
  epochs: '20',
  batchSize: '32',
  patience: '5',
  run: null
};

/** The stored draft where it is one; its unknown or broken parts fall back to a new one's. */
export function restoreDraft(stored: unknown): Draft {
  if (typeof stored !== 'object' || stored === null) {
    return NEW_DRAFT;
  }
  const given = stored as Partial<Record<keyof Draft, unknown>>;
  const merged: Record<string, unknown> = { ...NEW_DRAFT };
  for (const [key, start] of Object.entries(NEW_DRAFT)) {
    const value = given[key as keyof Draft];
    if (key === 'run' ? typeof value === 'string' : sameShape(value, start)) {
      merged[key] = value;
    }
  }
  const draft = merged as unknown as Draft;
  return STEPS.includes(draft.step) ? draft : { ...draft, step: 'data' };
}

function sameShape(value: unknown, start: unknown): boolean {
  if (typeof value !== typeof start || value === null) {
    return false;
  }
  return (
    typeof start !== 'object' ||
    Object.keys(start as object).every(key => key in (value as object))
  );
}

export function parts(draft: Draft): number[] {
  return draft.validation ? [0.6, 0.2, 0.2] : [0.8, 0.2];
}

export function isKeras(family: string): boolean {
  return family.startsWith('keras:');
}

/** The RunSpec that a draft asks for, or what is wrong with it, by JSON path. */
export function toSpec(
  draft: Draft,
  task: Task,
  trans: Trans
): { spec: RunSpec; errors: Errors } {
  const errors: Errors = {};
  const whole = wholeNumbers(errors, trans);
  if (!draft.uri.trim()) {
    errors['dataset.uri'] = trans(
      'Choose a dataset, or type the path of a CSV or parquet file such as data/churn.csv.'
    );
  }
  if (!draft.family) {
    errors['model.family'] = trans('Choose a model.');
  }
  if ((draft.method === 'group' || draft.method === 'time') && !draft.by) {
    errors['split.by'] = trans('Choose the column to split on.');
  }
  const spec: RunSpec = {
    version: 1,
    kind: 'train',
    name: draft.name.trim(),
    task,
    dataset: {
      uri: draft.uri.trim(),
      ...(draft.target ? { target: draft.target } : {})
    },
    preprocess: draft.preprocess,
    split: {
      method: draft.method,
      ...(draft.method === 'group' || draft.method === 'time'
        ? { by: draft.by }
        : {}),
      parts: parts(draft),
      seed: whole('split.seed', draft.seed, 0, 2 ** 32 - 1)
    },
    model: { family: draft.family, params: draft.params[draft.family] ?? {} }
  };
  if (isKeras(draft.family)) {
    spec.training = {
      epochs: whole('training.epochs', draft.epochs, 1, 100_000),
      batch_size: whole('training.batch_size', draft.batchSize, 1, 1_000_000),
      patience: draft.patience.trim()
        ? whole('training.patience', draft.patience, 1, 100_000)
        : null
    };
  }
  return { spec, errors };
}

/** The step that shows a field. */
export function stepOf(path: string): Step {
  if (/^(dataset\.(target|columns)|task)\b/.test(path)) {
    return 'explore';
  }
  const first = path.split('.')[0];
  const steps: Record<string, Step> = {
    name: 'data',
    dataset: 'data',
    preprocess: 'prepare',
    split: 'split',
    model: 'model'
  };
  return steps[first] ?? 'train';
}
