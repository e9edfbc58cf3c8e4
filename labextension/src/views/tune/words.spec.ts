import { event, tuneRun } from '../../testing/samples';
import { trans } from '../../testing/server';
import type { Event } from '../shared/types';
import { bestSoFar, objectiveOf, standing, type Objective } from './best';
import { NO_SEARCH, reduceSearch, trialsOf, type Search } from './search';
import {
  bestWords,
  countWords,
  givenWords,
  headline,
  planWords,
  searchWords,
  told,
  type Planned
} from './words';

const MAX: Objective = { metric: 'accuracy', goal: 'max' };
const MIN: Objective = { metric: 'log_loss', goal: 'min' };

/** A search with these values by trial, the baseline first; null has failed, undefined runs. */
function searchOf(
  values: (number | null | undefined)[],
  ...more: object[]
): Search {
  const events: Event[] = values.map((value, number) =>
    event(number + 1, {
      type: 'trial',
      trial: number,
      baseline: number === 0,
      params: {},
      ...(value === undefined
        ? { state: 'running' }
        : value === null
          ? { state: 'failed', cause: 'error', text: 'Boom.' }
          : { state: 'done', value })
    })
  );
  const rest = more.map((fields, place) =>
    event(values.length + place + 1, fields)
  );
  return reduceSearch(NO_SEARCH, [...events, ...rest]);
}
const said = (
  values: (number | null | undefined)[],
  objective = MAX,
  state = 'done',
  ...more: object[]
): string => {
  const search = searchOf(values, ...more);
  return headline(
    search,
    standing(trialsOf(search), objective.goal),
    objective,
    state,
    trans
  );
};

test('above the baseline, and below it where less is better', () => {
  expect(said([0.931, 0.95, 0.972, 0.9])).toBe(
    'Best of 3: accuracy 0.972, 0.041 above the baseline.'
  );
  expect(said([0.4, 0.31, 0.5], MIN)).toBe(
    'Best of 2: log loss 0.31, 0.09 below the baseline.'
  );
  expect(said([0.931, 0.972, undefined], MAX, 'running')).toBe(
    'Best of 1 so far: accuracy 0.972, 0.041 above the baseline.'
  );
  // A negative measure rises towards zero.
  expect(said([-3, -2], { metric: 'r2', goal: 'max' })).toBe(
    'Best of 1: r2 −2, 1 above the baseline.'
  );
});

test('none beats the baseline, equal ones neither', () => {
  const eight = [0.953, 0.9, 0.951, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3];
  expect(said(eight)).toBe(
    'None of 8 trials beats the baseline: best 0.951, baseline 0.953.'
  );
  expect(said([0.95, 0.95, 0.9])).toMatch(/^None of 2 trials/);
  expect(said([0.95, 0.9])).toBe(
    'The one trial does not beat the baseline: it has 0.9, the baseline 0.95.'
  );
  expect(said([0.2, 0.3, 0.4], MIN)).toMatch(/best 0\.3, baseline 0\.2/);
  // Both are told apart although their first digits are the same.
  expect(said([0.95312, 0.95311, 0.9])).toBe(
    'None of 2 trials beats the baseline: best 0.95311, baseline 0.95312.'
  );
});

test('that the best trial was given less than the baseline', () => {
  const given = (resource: number | null): string =>
    givenWords(
      standing(
        trialsOf(
          reduceSearch(NO_SEARCH, [
            event(1, {
              type: 'trial',
              trial: 3,
              state: 'done',
              params: {},
              value: 0.6,
              resource
            })
          ])
        ),
        'max'
      ),
      { name: 'samples', min: 40, max: 1078 },
      trans
    );
  expect(given(120)).toBe(
    'The best trial was given 120 of 1,078 samples, the baseline all of them.'
  );
  expect([given(1078), given(null)]).toEqual(['', '']);
});

test('what tells searches apart', () => {
  expect(
    searchWords({ method: 'hyperband', budget: { trials: 8 } }, trans)
  ).toBe('Hyperband, 8 trials');
  expect(searchWords({ method: 'tpe' }, trans)).toBe('TPE');
});

test('before there is a result', () => {
  expect(said([], MAX, 'queued')).toBe('Starting the search.');
  expect(said([undefined], MAX, 'running')).toMatch(/^Measuring the baseline/);
  expect(said([0.9], MAX, 'running')).toBe(
    'The baseline has accuracy 0.9. The first trial is being chosen.'
  );
  expect(said([0.9, undefined], MAX, 'running')).toMatch(
    /The first trial runs\.$/
  );
  expect(said([0.9, null, undefined, undefined], MAX, 'running')).toMatch(
    /No trial has a result yet; 1 failed\.$/
  );
});

test('where all failed, or nothing was done', () => {
  expect(said([0.9, null, null, null], MAX, 'failed')).toBe(
    'All 3 trials failed.'
  );
  expect(said([0.9, null], MAX, 'failed')).toBe('The only trial failed.');
  expect(said([0.9], MAX, 'cancelled')).toBe(
    'No trial was done; the baseline has accuracy 0.9.'
  );
  expect(said([], MAX, 'cancelled')).toBe(
    'It ended before anything was measured.'
  );
});

test('a baseline that failed leaves nothing to compare with', () => {
  expect(said([null, 0.9, 0.8])).toBe(
    'Best of 2: accuracy 0.9. The baseline failed, so there is nothing to compare it with.'
  );
});

const stopped = (trial: number): object => ({
  type: 'trial',
  trial,
  params: {},
  state: 'pruned'
});

test('what was stopped is not said to have failed, and is none that comes first', () => {
  expect(said([0.9, undefined, null], MAX, 'failed', stopped(1))).toBe(
    'No trial has a result: 1 stopped early, 1 failed.'
  );
  expect(said([0.9, undefined, undefined], MAX, 'running', stopped(1))).toBe(
    'The baseline has accuracy 0.9. No trial has a result yet; 1 stopped early.'
  );
});

test('a baseline that was stopped is not said to have failed', () => {
  expect(said([undefined, 0.9, 0.8], MAX, 'done', stopped(0))).toBe(
    'Best of 2: accuracy 0.9. The baseline was stopped, so there is nothing to compare it with.'
  );
  expect(said([undefined, undefined], MAX, 'running', stopped(0))).toBe(
    'The baseline was stopped. The first trial runs.'
  );
});

test('the earliest of equals is best, the baseline before all', () => {
  const trials = trialsOf(searchOf([0.9, 0.95, 0.95, 0.2]));
  expect(standing(trials, 'max').best?.number).toBe(1);
  expect(standing(trials, 'min').best?.number).toBe(3);
  expect(standing(trialsOf(searchOf([0.9, 0.9])), 'max').best?.number).toBe(0);
  expect(bestSoFar(trials, 'max')).toEqual([
    [0, 0.9],
    [1, 0.95],
    [2, 0.95],
    [3, 0.95]
  ]);
  expect(bestSoFar(trials, 'min').map(([, value]) => value)).toEqual([
    0.9, 0.9, 0.9, 0.2
  ]);
});

test('counts, and the reason of the best', () => {
  const trials = trialsOf(searchOf([0.9, 0.95, null, undefined]));
  const now = standing(trials, 'max');
  expect(countWords(now, 12, true, trans)).toBe(
    '1 of 12 trials done, 1 running, 1 failed'
  );
  expect(countWords(now, 12, false, trans)).toMatch(/1 cut off/);
  expect(now.best && bestWords(now.best, now.baseline, MAX, trans)).toBe(
    'highest accuracy, better than the baseline by 0.05'
  );
  expect(
    now.baseline && bestWords(now.baseline, now.baseline, MIN, trans)
  ).toBe('lowest log loss; no trial beats it');
});

test('what decides is what was asked for, else what was measured first', () => {
  const run = tuneRun();
  expect(objectiveOf(run, [])).toEqual(MAX);
  const untold = { ...run, spec: { ...run.spec, tuning: { objective: null } } };
  const trials = trialsOf(
    reduceSearch(NO_SEARCH, [
      event(1, {
        type: 'trial',
        trial: 0,
        state: 'done',
        params: {},
        value: 3,
        metrics: { rmse: 3, r2: 0.5 }
      })
    ])
  );
  expect(objectiveOf(untold, trials)).toEqual({ metric: 'rmse', goal: 'min' });
});

test('what will happen', () => {
  const plan: Planned = {
    method: 'tpe',
    title: 'TPE',
    parameters: 3,
    combinations: Infinity,
    trials: 30,
    parallel: 2,
    seconds: null
  };
  expect(planWords(plan, trans)).toBe(
    '30 trials of TPE over 3 parameters, 2 at once, after the baseline.'
  );
  expect(
    planWords(
      { ...plan, trials: 1, parallel: 1, parameters: 1, seconds: 600 },
      trans
    )
  ).toBe(
    '1 trial of TPE over 1 parameter, one at a time, after the baseline. It ends after 10 m 0 s at the latest.'
  );
  const grid: Planned = {
    ...plan,
    method: 'grid',
    title: 'Grid',
    combinations: 24
  };
  expect(planWords(grid, trans)).toMatch(
    /^All 24 combinations of 3 parameters/
  );
  expect(planWords({ ...grid, combinations: 48 }, trans)).toMatch(
    /^The first 30 of 48 combinations/
  );
});

test('four digits as in the table, and more where two values need them', () => {
  expect([
    told(0.97222),
    told(60.0241),
    told(12345.5),
    told(-0.5),
    told(0)
  ]).toEqual(['0.9722', '60.02', '12346', '−0.5', '0']);
  expect(told(0.972222, 0.97221)).toBe('0.97222');
});
