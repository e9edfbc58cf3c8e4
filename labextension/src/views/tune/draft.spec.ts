import { METHODS, MODELS, PROFILE, run, RUN_ID } from '../../testing/samples';
import { trans } from '../../testing/server';
import { NEW_DRAFT } from '../train/draft';
import {
  baselineOf,
  NEW_TUNE,
  restoreTune,
  settle,
  toTuneSpec,
  type Known,
  type TuneDraft
} from './draft';
import { fieldName, remaining, sectionOf } from './fields';
import { propertiesOf } from '../train/params';
import { toRow } from './space';

const forest = MODELS[0];
const known: Known = {
  offer: forest,
  methods: METHODS,
  profile: PROFILE,
  task: 'multiclass'
};
const draft: TuneDraft = {
  ...NEW_TUNE,
  data: {
    ...NEW_DRAFT,
    uri: 'sklearn:wine',
    target: 'target',
    family: forest.family,
    params: { [forest.family]: { n_estimators: 50 } }
  }
};
const of = (change: Partial<TuneDraft>, more: Partial<Known> = {}) =>
  toTuneSpec({ ...draft, ...change }, { ...known, ...more }, trans);

test('good values make a whole spec', () => {
  const { spec, errors } = of({});
  expect(errors).toEqual({});
  expect(spec).toMatchObject({
    kind: 'tune',
    dataset: { uri: 'sklearn:wine', target: 'target' },
    model: { family: forest.family, params: { n_estimators: 50 } },
    tuning: {
      objective: { metric: 'accuracy', goal: 'max' },
      method: 'tpe',
      budget: { trials: 30, parallel: 2 }
    }
  });
  expect(spec.tuning?.space?.map(item => item.name)).toEqual([
    'n_estimators',
    'max_depth',
    'max_features'
  ]);
  expect(spec.tuning).not.toHaveProperty('resource');
  expect(spec.tuning?.budget).not.toHaveProperty('seconds');
});

test('each typed number has its own error', () => {
  const { errors } = of({
    trials: '0',
    parallel: '65',
    seconds: 'soon',
    trialSeconds: '-1',
    method: 'hyperband',
    factor: '1'
  });
  expect(Object.keys(errors).sort()).toEqual([
    'tuning.budget.parallel',
    'tuning.budget.seconds',
    'tuning.budget.trial_seconds',
    'tuning.budget.trials',
    'tuning.resource.factor'
  ]);
});

test.each([
  ['300', '270', '3', 'min', /^It must be at most half of the most, 270,/],
  ['1', '1', '3', 'max', /^"1" isn't a whole number from 2/],
  ['20', '39', '2', 'min', /^It must be at most half of the most, 39,/],
  ['20', '50', '3', 'factor', /had 20 .* with 60, .* 50\. Use at most 2,/],
  ['20', '60', '3', '', /^$/],
  ['20', '40', '2', '', /^$/]
])(
  'hyperband from %s to %s, %s times more each round',
  (least, most, factor, field, message) => {
    const { errors } = of({ method: 'hyperband', least, most, factor });
    expect(Object.keys(errors)).toEqual(
      field ? [`tuning.resource.${field}`] : []
    );
    expect(Object.values(errors).join()).toMatch(message);
  }
);

test.each(['epochs', 'trees', 'samples'] as const)(
  'what hyperband gives at first is all right as it is: %s',
  resource => {
    for (const rows of [1, 61, 178, 1000, 123_457, 99_000_000]) {
      const { spec, errors } = of(
        { method: 'hyperband' },
        {
          offer: { ...forest, resources: [resource] },
          profile: { ...PROFILE, rows }
        }
      );
      expect(spec.tuning?.resource?.name).toBe(resource);
      expect(errors).toEqual({});
    }
  }
);

test('hyperband gives what the model can be given', () => {
  expect(of({ method: 'hyperband' }).spec.tuning?.resource).toEqual({
    name: 'trees',
    min: 10,
    max: 270,
    factor: 3
  });
  expect(
    of({ method: 'hyperband', resource: 'epochs' }).spec.tuning?.resource?.name
  ).toBe('trees');
  const rows = of({ method: 'hyperband', resource: 'samples' });
  expect(rows.spec.tuning?.resource).toMatchObject({
    name: 'samples',
    max: 106
  });
});

test('hyperband has trials enough for all its rounds; what is typed stays', () => {
  const trials = (change: Partial<TuneDraft>, rows = 1797) =>
    of(
      { method: 'hyperband', resource: 'samples', ...change },
      { profile: { ...PROFILE, rows } }
    ).spec.tuning?.budget?.trials;
  expect(trials({})).toBe(52);
  expect(trials({ trials: '8' })).toBe(8);
  expect(trials({ method: 'tpe' })).toBe(30);
  expect(trials({ least: '1', most: '1000000' })).toBe(100);
  const given = of(
    { method: 'hyperband', resource: 'samples' },
    { profile: { ...PROFILE, rows: 1797 } }
  ).spec.tuning?.resource;
  expect(given).toMatchObject({ min: 39, max: 1078, factor: 3 });
});

test('a time has a limit of its own, and its field says what empty means', () => {
  const { errors } = of({ seconds: '1e300', trialSeconds: '1,5' });
  expect(errors['tuning.budget.seconds']).toBe(
    '1e300 seconds are too many: a year, 31,536,000, is the most. Leave it empty for no limit.'
  );
  expect(errors['tuning.budget.trial_seconds']).toBe(
    '"1,5" isn\'t a number. Use a point: 1.5. Leave it empty for ten times the longest trial so far, ten minutes at least.'
  );
});

test('a parameter of the baseline that is wrong or was emptied keeps it from starting', () => {
  const params = (max_depth: unknown) =>
    of({
      data: { ...draft.data, params: { [forest.family]: { max_depth } } }
    }).errors;
  expect(params(-1)).toEqual({
    'model.params.max_depth': '-1 is too small: 0 is the least it takes.'
  });
  expect(params(1.5)).toEqual({
    'model.params.max_depth':
      "1.5 isn't a whole number, which this parameter takes."
  });
  expect(params(undefined)).toEqual({
    'model.params.max_depth': 'Give a whole number, such as 0.'
  });
  expect(params(3)).toEqual({});
});

test('a method that can’t be used here, and none that can be chosen by itself', () => {
  expect(of({ method: 'bayesian' }).errors['tuning.method']).toMatch(
    /keras-tuner.*Choose another/
  );
  const search = METHODS.search.map(item =>
    item.method === 'tpe' ? { ...item, missing: 'TPE needs optuna.' } : item
  );
  expect(
    settle(draft, { ...known, methods: { ...METHODS, search } }).method
  ).toBe('random');
});

test('without the list of methods it can still be started', () => {
  const { spec, errors } = of({}, { methods: undefined });
  expect(errors).toEqual({});
  expect(spec.tuning).toMatchObject({ method: 'tpe' });
  expect(spec.tuning).not.toHaveProperty('objective');
});

test('the objective fits the task', () => {
  const names = (task: Known['task'], metric: string) =>
    settle({ ...draft, metric }, { ...known, task }).metric;
  expect(names('multiclass', 'log_loss')).toBe('log_loss');
  expect(names('multiclass', 'rmse')).toBe('accuracy');
  expect(names('regression', '')).toBe('rmse');
});

const source = run({
  state: 'done',
  spec: {
    version: 1,
    kind: 'train',
    name: 'first',
    workspace: 'churn',
    task: 'multiclass',
    metrics: ['log_loss'],
    dataset: { uri: 'data/x.csv', target: 'y', columns: ['a'] },
    preprocess: { scale: 'minmax' },
    split: { parts: [0.8, 0.2], folds: 3 },
    model: { family: forest.family, params: { max_depth: 4 } },
    training: { epochs: 9 }
  }
});

test('a training run is taken over as it is, with its parameters as the baseline', () => {
  const from = { source: 'run' as const, from: RUN_ID };
  const { spec, errors } = of(from, { source });
  expect(errors).toEqual({});
  const { preprocess, split, dataset, training, metrics, task, workspace } =
    source.spec;
  expect(spec).toMatchObject({
    kind: 'tune',
    from: { run: RUN_ID },
    preprocess,
    split,
    dataset,
    training,
    metrics,
    task,
    workspace,
    model: { family: forest.family, params: { max_depth: 4 } },
    tuning: { objective: { metric: 'log_loss', goal: 'min' } }
  });
  expect(
    of({ ...from, changed: { max_depth: 7 } }, { source }).spec.model?.params
  ).toEqual({ max_depth: 7 });
  expect(baselineOf({ ...draft, ...from }, { ...known, source })).toMatchObject(
    {
      max_depth: 4,
      n_estimators: 100
    }
  );
  expect(Object.keys(of(from).errors)).toContain('from.run');
});

test('what was kept comes back; what is broken falls back', () => {
  const kept: TuneDraft = {
    ...draft,
    method: 'grid',
    trials: 'many',
    parallel: '3',
    spaces: { [forest.family]: [toRow(forest.space[0], 0)] },
    run: RUN_ID
  };
  expect(restoreTune(JSON.parse(JSON.stringify(kept)))).toEqual(kept);
  expect(restoreTune(null)).toEqual(NEW_TUNE);
  expect(
    restoreTune({
      method: 'magic',
      trials: 3,
      spaces: { a: [{ name: 1 }] },
      run: 5
    })
  ).toEqual(NEW_TUNE);
  // A name of a run is enough to start from it.
  expect(restoreTune({ from: RUN_ID })).toMatchObject({
    source: 'run',
    from: RUN_ID
  });
});

test('where a field is and what it is called', () => {
  expect(
    [
      'dataset.uri',
      'model.params.C',
      'training.epochs',
      'split.seed',
      'tuning.method'
    ].map(sectionOf)
  ).toEqual(['data', 'model', 'model', 'prepare', null]);
  const rows = forest.space.map(toRow);
  const properties = propertiesOf(forest);
  expect(fieldName('tuning.space.1.high', rows, properties, trans)).toBe(
    'Search space, max_depth: high'
  );
  expect(fieldName('tuning.space.9', rows, properties, trans)).toBe(
    'Search space, parameter 10'
  );
  expect(fieldName('tuning.budget.trials', rows, properties, trans)).toBe(
    'Trials'
  );
  expect(fieldName('split.seed', rows, properties, trans)).toBe(
    'Split: split.seed'
  );
  expect(fieldName('model.params.max_depth', rows, properties, trans)).toBe(
    'Model: Depth, 0 for no limit'
  );
});

test('a change takes away the errors of its own field only', () => {
  const rows = forest.space.map(toRow);
  const errors = {
    'tuning.space.0.low': 'a',
    'tuning.space.1.low': 'b',
    'tuning.budget.trials': 'c',
    'split.seed': 'd'
  };
  const after = rows.map((row, place) =>
    place === 0 ? { ...row, low: '9' } : row
  );
  const left = (change: Partial<TuneDraft>, then?: typeof rows): string[] =>
    Object.values(remaining(errors, change, rows, then));
  expect(left({ spaces: {} }, after)).toEqual(['b', 'c', 'd']);
  expect(left({ spaces: {} }, rows.slice(1))).toEqual(['c', 'd']);
  expect(left({ trials: '5' })).toEqual(['a', 'b', 'd']);
  expect(left({ data: draft.data })).toEqual(['a', 'b', 'c']);
  expect(left({ method: 'grid' })).toEqual(['d']);
  expect(left({ source: 'run' })).toEqual([]);
});
