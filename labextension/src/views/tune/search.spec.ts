import { epoch, event } from '../../testing/samples';
import type { Event } from '../shared/types';
import {
  listed,
  LOG_KEPT,
  NO_SEARCH,
  reduceSearch,
  TRIAL_LOG_KEPT,
  trialsOf,
  type Search
} from './search';

const trial = (seq: number, number: number, fields: object): Event =>
  event(seq, {
    type: 'trial',
    trial: number,
    baseline: number === 0,
    params: { depth: number },
    ...fields
  });
const step = (seq: number, number: number, at: number): Event =>
  ({ ...epoch(seq, at, 1 / at, 2 / at), trial: number }) as Event;
const all = (events: Event[], from: Search = NO_SEARCH): Search =>
  reduceSearch(from, events);

test('trials are folded by number, the baseline too, and their steps apart', () => {
  const search = all([
    event(1, { type: 'stage', name: 'split', state: 'begin' }),
    event(2, { type: 'stage', name: 'split', state: 'end' }),
    trial(3, 0, { state: 'running' }),
    step(4, 0, 1),
    trial(5, 0, { state: 'done', value: 0.9, metrics: { accuracy: 0.9 } }),
    trial(6, 2, { state: 'running' }),
    step(7, 2, 1),
    step(8, 2, 2),
    event(9, { type: 'log', trial: 2, stream: 'stdout', text: 'two\n' }),
    event(10, { type: 'warning', trial: 2, code: 'w', text: 'Slow.' }),
    event(11, { type: 'warning', code: 'time-over', text: 'Over.' }),
    event(12, { type: 'stage', trial: 2, name: 'fit', state: 'begin' })
  ]);
  expect(trialsOf(search).map(item => [item.number, item.value])).toEqual([
    [0, 0.9],
    [2, null]
  ]);
  expect(search.traces[2]).toMatchObject({ stage: 'fit', log: 'two\n' });
  expect(search.traces[2]?.warnings).toHaveLength(1);
  expect(search.warnings).toHaveLength(1);
  expect(search.log).toBe('two\n');
  expect(search.stage).toBeNull();
  const trace = search.traces[2];
  expect(trace && listed(trace.epochs).map(item => item.step)).toEqual([1, 2]);
});

test('of a trial that comes twice the last event counts, and its steps begin anew', () => {
  const search = all([
    trial(1, 1, { state: 'running' }),
    step(2, 1, 1),
    trial(3, 1, { state: 'failed', cause: 'signal', text: 'Killed.' }),
    event(4, { type: 'interrupted', by: 'the machine' }),
    event(5, { type: 'resumed', by: 'ada' }),
    trial(6, 1, { state: 'running' })
  ]);
  expect(search.end).toBeNull();
  expect(search.trials[1]).toMatchObject({ times: 2, value: null });
  expect(search.traces[1]?.epochs.length).toBe(0);
  const done = all([trial(7, 1, { state: 'done', value: 0.5 })], search);
  expect(done.trials[1]?.value).toBe(0.5);
  expect(all([event(8, { type: 'done' })], done).end?.type).toBe('done');
});

test('only a trial that is done has a value, and only a finite one', () => {
  const search = all([
    trial(1, 1, { state: 'pruned', value: 0.99 }),
    trial(2, 2, { state: 'done', value: { $float: 'NaN' } }),
    trial(3, 3, { state: 'done', value: { $float: 'Infinity' } }),
    trial(4, 4, { state: 'failed', value: 0.98 })
  ]);
  expect(trialsOf(search).map(item => item.value)).toEqual([
    null,
    null,
    null,
    null
  ]);
});

test('a gap stops it, what was seen is passed over', () => {
  const search = all([trial(1, 0, { state: 'running' }), step(3, 0, 1)]);
  expect(search).toMatchObject({ seq: 1, gap: true });
  const filled = all(
    [trial(1, 0, { state: 'running' }), step(2, 0, 1), step(3, 0, 2)],
    search
  );
  expect(filled).toMatchObject({ seq: 3, gap: false });
  expect(all([step(2, 0, 1)], filled)).toBe(filled);
});

test('what was read stays as it was', () => {
  const before = all([trial(1, 0, { state: 'running' }), step(2, 0, 1)]);
  const trace = before.traces[0];
  const one = all([step(3, 0, 2)], before);
  // A second account of the same moment, as React may ask for.
  const two = all([step(3, 0, 2), step(4, 0, 3)], before);
  const steps = (search: Search): number[] =>
    search.traces[0]
      ? listed(search.traces[0].epochs).map(item => item.step)
      : [];
  expect(steps(before)).toEqual([1]);
  expect(steps(one)).toEqual([1, 2]);
  expect(steps(two)).toEqual([1, 2, 3]);
  expect(before.traces[0]).toBe(trace);
  expect(before.trials).toBe(one.trials);
  // A trial's own list is nobody else's.
  const other = all([trial(5, 1, { state: 'running' }), step(6, 1, 1)], two);
  expect(steps(other)).toEqual([1, 2, 3]);
  expect(NO_SEARCH.traces).toEqual([]);
});

test('steps that a checkpoint repeats replace those after it', () => {
  const search = all([
    trial(1, 1, { state: 'running' }),
    step(2, 1, 1),
    step(3, 1, 2),
    step(4, 1, 3),
    step(5, 1, 2)
  ]);
  const trace = search.traces[1];
  expect(trace && listed(trace.epochs).map(item => item.seq)).toEqual([2, 5]);
});

test('of a long log the end is kept', () => {
  const piece = 'x'.repeat(7999) + '\n';
  let search = NO_SEARCH;
  for (let seq = 1; seq <= 100; seq++) {
    search = all(
      [event(seq, { type: 'log', trial: 1, stream: 'stdout', text: piece })],
      search
    );
  }
  expect(search.log.length).toBeGreaterThanOrEqual(LOG_KEPT);
  expect(search.log.length).toBeLessThanOrEqual(2 * LOG_KEPT);
  expect(search.traces[1]?.log.length).toBeLessThanOrEqual(2 * TRIAL_LOG_KEPT);
});

test('500 trials of 100 steps, in frames of any size, come to the same', () => {
  const events: Event[] = [];
  const TRIALS = 500;
  const STEPS = 100;
  const add = (make: (seq: number) => Event): void => {
    events.push(make(events.length + 1));
  };
  for (let number = 0; number < TRIALS; number++) {
    add(seq => trial(seq, number, { state: 'running' }));
    for (let at = 1; at <= STEPS; at++) {
      add(seq => step(seq, number, at));
    }
    add(seq =>
      trial(
        seq,
        number,
        number % 10 === 9
          ? { state: 'failed', cause: 'error', text: 'Boom.' }
          : { state: 'done', value: number / TRIALS }
      )
    );
  }
  expect(events.length).toBeGreaterThan(50_000);
  const whole = all(events);
  let parts = NO_SEARCH;
  for (
    let at = 0, size = 1;
    at < events.length;
    at += size, size = ((size * 7) % 611) + 1
  ) {
    parts = all(events.slice(at, at + size), parts);
  }
  for (const search of [whole, parts]) {
    const trials = trialsOf(search);
    expect(trials).toHaveLength(TRIALS);
    expect(trials.filter(item => item.value === null)).toHaveLength(
      TRIALS / 10
    );
    expect(trials[498].value).toBe(498 / TRIALS);
    expect(search.traces.every(trace => trace?.epochs.length === STEPS)).toBe(
      true
    );
    expect(search.seq).toBe(events.length);
  }
  expect(parts.trials).toEqual(whole.trials);
  expect(parts.traces).toEqual(whole.traces);
});
