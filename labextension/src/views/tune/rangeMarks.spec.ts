import { trans } from '../../testing/server';
import { marks, rangeWords } from './rangeMarks';
import type { Parameter } from './types';

const range: Parameter = { name: 'x', type: 'float', low: 0, high: 10 };

test('ticks go from end to end, at the steps where there are few', () => {
  expect(marks(range, undefined)?.ticks).toEqual([0, 0.25, 0.5, 0.75, 1]);
  expect(marks({ ...range, step: 5 }, undefined)?.ticks).toEqual([0, 0.5, 1]);
  expect(marks({ ...range, type: 'int', high: 2 }, undefined)?.ticks).toEqual([
    0, 0.5, 1
  ]);
});

test('on a log scale the powers of ten are even', () => {
  const log: Parameter = { ...range, low: 0.0001, high: 1, scale: 'log' };
  const ticks = marks(log, 0.01)?.ticks ?? [];
  expect(ticks).toHaveLength(5);
  ticks.forEach((at, place) => expect(at).toBeCloseTo(place / 4));
  expect(marks(log, 0.01)?.baseline?.at).toBeCloseTo(0.5);
  expect(marks({ ...log, low: 0 }, 0.01)).toBeNull();
});

test('the baseline is inside, or beyond one of the ends', () => {
  expect(marks(range, 5)?.baseline).toEqual({ at: 0.5, where: 'inside' });
  expect(marks(range, -1)?.baseline?.where).toBe('below');
  expect(marks(range, 99)?.baseline?.where).toBe('above');
  expect(marks(range, 'none')?.baseline).toBeNull();
  const choice: Parameter = {
    name: 'x',
    type: 'choice',
    choices: ['a', 'b', 'c']
  };
  expect(marks(choice, 'b')).toEqual({
    ticks: [0, 0.5, 1],
    baseline: { at: 0.5, where: 'inside' },
    points: true
  });
});

test('the drawing in words', () => {
  expect(rangeWords(range, 5, trans)).toBe('0 to 10; the baseline is 5');
  expect(rangeWords({ ...range, low: 1, scale: 'log' }, 0, trans)).toBe(
    '1 to 10 on a log scale; the baseline, 0, is outside'
  );
  expect(rangeWords({ ...range, high: null }, 0, trans)).toMatch(
    /can’t be drawn/
  );
  expect(rangeWords({ name: 'x', type: 'bool' }, undefined, trans)).toBe(
    '2 values'
  );
});
