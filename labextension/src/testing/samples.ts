/** Answers in the shape of the server's. */
import type { Epoch, Event } from '../views/shared/types';
import type { DatasetOffer, Methods, ModelOffer, Profile } from '../api/types';
import type { Artifact } from '../views/metadata/types';
import type { Run } from '../views/shared/types';

export const RUN_ID = '01JZZZZZZZZZZZZZZZZZZZZZZZ';

export function run(change: Partial<Run> = {}): Run {
  return {
    id: RUN_ID,
    kind: 'train',
    name: 'first try',
    state: 'running',
    created: '2026-03-01T10:00:00.000Z',
    started: '2026-03-01T10:00:01.000Z',
    ended: null,
    spec: {
      version: 1,
      kind: 'train',
      name: 'first try',
      dataset: { uri: 'sklearn:wine' },
      model: { family: 'sklearn:RandomForestClassifier', params: {} }
    },
    ...change
  };
}

const TIME = '2026-03-01T10:00:02.000Z';

export function epoch(
  seq: number,
  step: number,
  train: number,
  validation: number,
  metric = 'loss'
): Epoch {
  return {
    v: 1,
    seq,
    time: TIME,
    type: 'epoch',
    step,
    of: 20,
    unit: 'epoch',
    train: { [metric]: train },
    validation: { [metric]: validation },
    seconds: 0.1
  };
}

/** An event with the fields that each has. */
export function event(seq: number, fields: object): Event {
  return { v: 1, seq, time: TIME, ...fields } as Event;
}

export function artifact(change: Partial<Artifact> = {}): Artifact {
  return {
    id: 7,
    type: 'system.Model',
    name: 'forest',
    version: 'v1',
    uri: 'file://forest.skops',
    state: 'LIVE',
    sha256: null,
    created: '2026-03-01T10:00:00.000Z',
    updated: '2026-03-01T10:00:00.000Z',
    contexts: [{ id: 1, type: 'system.Pipeline', name: 'churn' }],
    producer: { id: 3, type: 'system.ContainerExecution', name: 'training' },
    properties: { accuracy: 0.972222222222 },
    ...change
  };
}

export function page<T>(
  items: T[],
  next: string | null = null,
  total = items.length
) {
  return { items, total, total_exact: true, next_page_token: next };
}

export const PROFILE: Profile = {
  sha256: '0'.repeat(64),
  uri: 'sklearn:wine',
  rows: 178,
  columns: [
    {
      name: 'alcohol',
      dtype: 'float64',
      role: 'number',
      missing: 0,
      unique: 126,
      min: 11,
      max: 14.8,
      mean: 13
    },
    {
      name: 'target',
      dtype: 'object',
      role: 'category',
      missing: 0,
      unique: 3,
      top: [{ value: 'class_1', count: 71 }]
    }
  ],
  first_rows: [
    [14.23, 'class_0'],
    [13.2, 'class_0']
  ],
  suggested: { target: 'target', task: 'multiclass' },
  warnings: []
};

export const DATASETS: DatasetOffer[] = [
  {
    uri: 'sklearn:wine',
    name: 'Wine recognition',
    kind: 'sklearn',
    task: 'multiclass'
  },
  { uri: 'data/churn.csv', name: 'churn.csv', kind: 'file', bytes: 2048 }
];

/** Three parameters, two of them ranges. */
export const SPACE: ModelOffer['space'] = [
  {
    name: 'n_estimators',
    type: 'int',
    low: 20,
    high: 500,
    scale: 'log',
    when: {}
  },
  { name: 'max_depth', type: 'int', low: 2, high: 32, when: {} },
  {
    name: 'max_features',
    type: 'choice',
    choices: ['sqrt', 'log2', 'all'],
    when: {}
  }
];

export const MODELS: ModelOffer[] = [
  {
    family: 'sklearn:RandomForestClassifier',
    title: 'Random forest',
    kind: 'forest',
    description: 'Many trees that vote.',
    tasks: ['binary', 'multiclass'],
    schema: {
      $schema: 'http://json-schema.org/draft-07/schema#',
      type: 'object',
      properties: {
        n_estimators: {
          type: 'integer',
          title: 'Trees',
          default: 100,
          minimum: 1,
          maximum: 5000
        },
        max_depth: {
          type: 'integer',
          title: 'Depth, 0 for no limit',
          default: 0,
          minimum: 0,
          maximum: 1000
        },
        max_features: {
          type: 'string',
          title: 'Columns tried at each split',
          default: 'sqrt',
          enum: ['sqrt', 'log2', 'all']
        }
      }
    },
    space: SPACE,
    resources: ['trees', 'samples']
  },
  {
    family: 'sklearn:Ridge',
    title: 'Ridge regression',
    description: 'Linear.',
    kind: 'linear',
    tasks: ['regression'],
    schema: { type: 'object', properties: {} },
    space: [],
    resources: ['samples']
  },
  {
    family: 'keras:mlp',
    title: 'Neural network',
    description: 'Layers.',
    kind: 'network',
    tasks: ['binary', 'multiclass', 'regression'],
    schema: { type: 'object', properties: {} },
    space: [],
    resources: ['epochs', 'samples']
  }
];

/** A run that tunes, as the server gives it: two of its three parameters are ranges. */
export function tuneRun(change: Partial<Run> = {}): Run {
  return run({
    kind: 'tune',
    name: 'better wine',
    spec: {
      version: 1,
      kind: 'tune',
      name: 'better wine',
      dataset: { uri: 'sklearn:wine', target: 'target' },
      model: { family: 'sklearn:RandomForestClassifier', params: {} },
      tuning: {
        space: SPACE,
        objective: { metric: 'accuracy', goal: 'max' },
        method: 'tpe',
        budget: { trials: 12, parallel: 2 }
      }
    },
    ...change
  });
}

export const METHODS: Methods = {
  metrics: [
    { name: 'accuracy', tasks: ['binary', 'multiclass'], goal: 'max' },
    { name: 'log_loss', tasks: ['binary', 'multiclass'], goal: 'min' },
    { name: 'rmse', tasks: ['regression'], goal: 'min' }
  ],
  search: [
    {
      method: 'random',
      title: 'Random',
      description: 'Draws each trial by chance: simple, and hard to fool.'
    },
    {
      method: 'grid',
      title: 'Grid',
      description: 'Goes through every combination of steps and choices.'
    },
    {
      method: 'hyperband',
      title: 'Hyperband',
      description: 'Gives many trials little, and the best of them more.'
    },
    {
      method: 'bayesian',
      title: 'Bayesian',
      description: 'Models the objective with a Gaussian process.',
      missing:
        'Bayesian needs keras-tuner, which this environment does not have.'
    },
    {
      method: 'tpe',
      title: 'TPE',
      description: 'Learns from each trial where the good ones lie.'
    }
  ],
  cores: 2,
  split: {},
  preprocess: {},
  training: {}
};
