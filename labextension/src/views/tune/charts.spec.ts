import { event, tuneRun } from '../../testing/samples';
import { trans } from '../../testing/server';
import type { Theme } from '../shared/chart';
import { HUES } from '../shared/chart';
import { standing, type Objective } from './best';
import {
  axesOf,
  bestOption,
  matches,
  OBJECTIVE,
  parallelOption,
  placeOn,
  reach,
  shade,
  shares
} from './charts';
import { NO_SEARCH, reduceSearch, trialsOf, type Trial } from './search';
import { columnsOf, kept, nextSort, sorted } from './table';
import type { Params } from './types';

const objective: Objective = { metric: 'accuracy', goal: 'max' };
const theme: Theme = {
  text: '#000',
  faint: '#666',
  line: '#ccc',
  background: '#fff',
  font: 'sans'
};
const space = tuneRun().spec.tuning?.space ?? [];
const axes = axesOf(space, objective);

function trials(
  ...made: [state: string, value: number | null, params: Params][]
): Trial[] {
  return trialsOf(
    reduceSearch(
      NO_SEARCH,
      made.map(([state, value, params], number) =>
        event(number + 1, {
          type: 'trial',
          trial: number,
          state,
          params,
          baseline: number === 0,
          ...(value === null ? {} : { value, seconds: number })
        })
      )
    )
  );
}

const some = trials(
  ['done', 0.9, { n_estimators: 100, max_depth: 0, max_features: 'sqrt' }],
  ['done', 0.95, { n_estimators: 40, max_depth: 8, max_features: 'all' }],
  ['failed', null, { n_estimators: 400, max_depth: 30, max_features: 'log2' }],
  ['done', 0.8, { n_estimators: 20, max_depth: 3 }],
  ['running', null, { n_estimators: 70, max_depth: 9, max_features: 'sqrt' }]
);
const best = standing(some, 'max').best;

test('the dots, the steps of the best, the baseline and the crosses', () => {
  const option = bestOption(some, best, objective, 3, theme, trans);
  const named = (name: string) =>
    option.series
      .find(series => series.name === name)
      ?.data.map(point => (Array.isArray(point) ? point : point.value));
  expect(named('Trial')).toEqual([
    [1, 0.95],
    [3, 0.8]
  ]);
  expect(named('Best so far')).toEqual([
    [0, 0.9],
    [1, 0.95],
    [3, 0.95],
    [4, 0.95]
  ]);
  expect(named('Baseline')).toEqual([
    [0, 0.9],
    [4, 0.9]
  ]);
  expect(named('Best')).toEqual([[1, 0.95]]);
  expect(named('Chosen')).toEqual([[3, 0.8]]);
  const [[number, height]] = named('Failed') as [number, number][];
  expect(number).toBe(2);
  expect(height).toBeGreaterThan(option.yAxis.min);
  expect(height).toBeLessThan(0.8);
  const baseline = option.series.find(series => series.name === 'Baseline');
  expect(baseline).toMatchObject({
    color: HUES.baseline,
    lineStyle: { type: 'dashed' }
  });
  expect(option.legend.data).toContain('Failed');
});

test('nothing at all can be drawn too', () => {
  const option = bestOption([], null, objective, null, theme, trans);
  expect(option.series.every(series => series.data.length === 0)).toBe(true);
  expect(
    parallelOption([], axes, null, objective, theme, trans).series[0].data
  ).toEqual([]);
});

test('an axis for each parameter and the objective at the right', () => {
  expect(axes.map(axis => axis.label)).toEqual([
    'n_estimators',
    'max_depth',
    'max_features',
    'accuracy'
  ]);
  const option = parallelOption(some, axes, best, objective, theme, trans);
  expect(option.parallelAxis.map(axis => axis.type)).toEqual([
    'log',
    'value',
    'category',
    'value'
  ]);
  const lines = option.series[0].data;
  // Only what has a value, the best on top; a hole where a parameter took no part.
  expect(lines.map(line => line.value)).toEqual([
    [20, 3, '-', 0.8],
    [100, 0, 0, 0.9],
    [40, 8, 2, 0.95]
  ]);
  expect(lines[1].lineStyle).toMatchObject({
    color: HUES.baseline,
    type: 'dashed'
  });
  expect(lines[2].lineStyle.color).toBe(shade(1));
});

test('an axis goes over what is searched, and a trial beside it', () => {
  const option = parallelOption(some, axes, best, objective, theme, trans);
  const [trees, depth, features, value] = option.parallelAxis;
  expect(trees).toMatchObject({ min: 20, max: 500 });
  // The baseline has no depth at all.
  expect(depth).toMatchObject({ min: 0, max: 32 });
  expect(features).toMatchObject({ axisTick: { show: false } });
  expect(value).not.toHaveProperty('max');
  const zero = trials(['done', 1, { n_estimators: 0 }]);
  expect(reach(axes[0], zero)).toEqual({ min: 20, max: 500 });
});

test('colours go by rank, for both goals', () => {
  expect([...shares(some, objective)]).toEqual([
    [3, 0],
    [0, 0.5],
    [1, 1]
  ]);
  expect(shares(some, { ...objective, goal: 'min' }).get(3)).toBe(1);
});

test('a brush keeps what lies in it, on every axis that has one', () => {
  const inside = (brushes: Parameters<typeof matches>[2]): number[] =>
    some
      .filter(trial => matches(trial, axes, brushes))
      .map(trial => trial.number);
  expect(inside({})).toEqual([0, 1, 2, 3, 4]);
  expect(inside({ max_depth: [[3, 9]] })).toEqual([1, 3, 4]);
  expect(inside({ max_depth: [[3, 9]], [OBJECTIVE]: [[0.9, 1]] })).toEqual([1]);
  expect(inside({ max_features: [[1.6, 2.2]] })).toEqual([1]);
  expect(
    inside({
      max_depth: [
        [0, 0],
        [30, 31]
      ]
    })
  ).toEqual([0, 2]);
  expect(inside({ max_depth: [] })).toHaveLength(5);
  expect(placeOn(axes[2], some[3])).toBeNull();
});

test('the table sorts by any column, what has no value last, both ways', () => {
  const columns = columnsOf(some, space, objective, trans);
  expect(columns.map(column => column.name)).toEqual([
    'value',
    'seconds',
    'p:n_estimators',
    'p:max_depth',
    'p:max_features'
  ]);
  const by = (sort: string) => sorted(some, sort, columns, trans);
  expect(by('number')).toEqual([1, 2, 3, 4]);
  expect(by('-number')).toEqual([4, 3, 2, 1]);
  expect(by('value')).toEqual([3, 1, 2, 4]);
  expect(by('-value')).toEqual([1, 3, 2, 4]);
  expect(by('p:max_features')).toEqual([1, 2, 4, 3]);
  expect(by('state')).toEqual([1, 3, 2, 4]);
  expect(by('gone')).toEqual([1, 2, 3, 4]);
  expect(nextSort('value', 'value')).toBe('-value');
  expect(nextSort('-value', 'value')).toBe('value');
});

test('an order that is kept gets new trials below', () => {
  expect(kept([3, 1], some)).toEqual([3, 1, 2, 4]);
});
