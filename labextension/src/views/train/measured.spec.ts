import { epoch } from '../../testing/samples';
import { trans } from '../../testing/server';
import {
  bestPoint,
  curve,
  lowerIsBetter,
  measureNames,
  overfitting
} from './measured';
import { curvesOption } from './drawings';
import { agreement, worstRows } from './errors';
import { NOTHING, reduce } from './live';
import { headline, overfitWords } from './words';
import { event } from '../../testing/samples';

const rising = [
  [1, 0.9, 0.8],
  [2, 0.7, 0.6],
  [3, 0.5, 0.5],
  [4, 0.4, 0.54],
  [5, 0.3, 0.56],
  [6, 0.2, 0.58]
].map(([step, train, validation], index) =>
  epoch(index + 1, step, train, validation)
);

test('overfitting: validation loss rises while training loss falls', () => {
  expect(overfitting(rising)).toEqual({
    metric: 'loss',
    since: 3,
    worse: expect.closeTo(0.12, 5)
  });
  expect(overfitWords({ ...NOTHING, epochs: rising }, trans)).toBe(
    'Overfitting since epoch 3: validation loss up 12 % while training loss fell.'
  );
});

test('overfitting of a measure where more is better', () => {
  const falling = rising.map(item => ({
    ...item,
    train: { accuracy: 1 - Number(item.train?.['loss']) },
    validation: { accuracy: 1 - Number(item.validation?.['loss']) }
  }));
  expect(overfitWords({ ...NOTHING, epochs: falling }, trans)).toBe(
    'Overfitting since epoch 3: validation accuracy down 12 % while training accuracy rose.'
  );
});

test('no overfitting while validation improves, too early, or when training is worse too', () => {
  expect(overfitting(rising.slice(0, 3))).toBeNull();
  expect(overfitting(rising.slice(0, 5))).toBeNull();
  const both = rising.map(item => ({
    ...item,
    train: item.validation
  }));
  expect(overfitting(both)).toBeNull();
});

test('models of more and more samples: none is overfitted since, and none is the best of a training', () => {
  const samples = rising.map(item => ({ ...item, unit: 'samples' as const }));
  expect(overfitting(samples)).toBeNull();
  const marked = (epochs: typeof rising): number =>
    curvesOption(epochs, 'loss', {} as never, trans).series.flatMap(line =>
      'markLine' in line ? line.markLine.data : []
    ).length;
  expect([marked(rising), marked(samples)]).toEqual([1, 0]);
});

test('a value that is not finite leaves a hole', () => {
  const hole = [
    epoch(1, 1, 1, 1),
    { ...epoch(2, 2, 1, 1), validation: { loss: { $float: 'NaN' as const } } }
  ];
  expect(curve(hole, 'loss').validation).toEqual([{ step: 1, value: 1 }]);
  expect(measureNames(hole)).toEqual(['loss']);
  expect(bestPoint([], true)).toBeNull();
});

test('which way is better', () => {
  for (const name of [
    'loss',
    'log_loss',
    'mse',
    'mean_absolute_error',
    'rmse'
  ]) {
    expect([name, lowerIsBetter(name)]).toEqual([name, true]);
  }
  for (const name of ['accuracy', 'r2', 'f1', 'roc_auc']) {
    expect([name, lowerIsBetter(name)]).toEqual([name, false]);
  }
});

test('the sentence over a run', () => {
  const say = (...events: Parameters<typeof reduce>[1]) =>
    headline(reduce(NOTHING, events), trans);
  expect(say()).toBe('Starting the run.');
  expect(say(event(1, { type: 'stage', name: 'load', state: 'begin' }))).toBe(
    'Loading the data.'
  );
  expect(
    say(
      event(1, { type: 'stage', name: 'fit', state: 'begin' }),
      epoch(2, 3, 0.4, 0.51234)
    )
  ).toBe('Training: epoch 3 of 20, validation loss 0.5123.');
  const metric = {
    type: 'metric',
    name: 'accuracy',
    value: 0.97222,
    part: 'validation'
  };
  expect(say(event(1, metric), event(2, { type: 'done' }))).toBe(
    'Done: accuracy 0.9722 on the validation part.'
  );
  expect(
    say(event(1, { ...metric, part: 'test' }), event(2, { type: 'done' }))
  ).toBe('Done: accuracy 0.9722 on the test part.');
  expect(
    say(event(1, { type: 'failed', cause: 'oom', text: 'Out of memory.' }))
  ).toBe('Failed: Out of memory.');
});

test('the worst rows: wrong and sure first; numbers by distance', () => {
  const base = {
    v: 1 as const,
    seq: 1,
    time: '',
    type: 'prediction' as const,
    step: 1,
    n: 3
  };
  const classes = worstRows({
    ...base,
    confusion: {
      labels: ['a', 'b'],
      matrix: [
        [1, 2],
        [0, 0]
      ]
    },
    rows: [
      { row: 1, truth: 'a', pred: 'a', proba: { a: 1 } },
      { row: 2, truth: 'a', pred: 'b', proba: { a: 0.4, b: 0.6 } },
      { row: 3, truth: 'a', pred: 'b', proba: [0.1, 0.9] }
    ]
  });
  expect(classes.map(row => row.row)).toEqual([3, 2]);
  const numbers = worstRows({
    ...base,
    rows: [
      { row: 1, truth: 1, pred: 1 },
      { row: 2, truth: 1, pred: 3 },
      { row: 3, truth: 1, pred: { $float: 'NaN' } }
    ]
  });
  expect(numbers.map(row => [row.row, row.error])).toEqual([
    [3, Infinity],
    [2, 2]
  ]);
  expect(
    agreement([
      [3, 1],
      [0, 4]
    ])
  ).toBe(7 / 8);
  expect(agreement([])).toBe(0);
});
