import { trans } from '../../testing/server';
import { atFirst, roundsOf, roundWords } from './rounds';

const pairs = (min: number, max: number, factor: number) =>
  roundsOf(min, max, factor).map(({ trials, amount }) => [trials, amount]);

test('the rounds are those of the server', () => {
  expect(pairs(1, 27, 3)).toEqual([
    [27, 1],
    [9, 3],
    [3, 9],
    [1, 27]
  ]);
  // 1078 is less than 40 three times tripled: a round less.
  expect(pairs(40, 1078, 3)).toEqual([
    [12, 120],
    [4, 360],
    [2, 1078]
  ]);
  expect(pairs(39, 1078, 3).map(([, amount]) => amount)).toEqual([
    40, 120, 360, 1078
  ]);
  expect(pairs(0, 27, 3)).toEqual([]);
  expect(pairs(1, 27, 1)).toEqual([]);
});

test('what is given at first leaves no round out, for any rows and factor', () => {
  for (const factor of [2, 3, 4, 10]) {
    for (const most of [60, 106, 1078, 1080, 123_457]) {
      const least = atFirst(20, most, factor);
      const begun = roundsOf(least, most, factor);
      expect(begun.length).toBeGreaterThan(1);
      expect(begun[0].amount - least).toBeLessThanOrEqual(1);
    }
  }
  expect(roundsOf(atFirst(20, 1078, 3), 1078, 3)).toHaveLength(4);
});

test('what each round gives, and what too few trials come to', () => {
  const rounds = roundsOf(40, 1078, 3);
  const words = (trials: number) =>
    roundWords(rounds, 'samples', trials, trans);
  expect(words(17)).toBe('The rounds give 120, 360 and 1,078 rows.');
  expect(words(8)).toBe(
    'The rounds give 120, 360 and 1,078 rows. With 8 trials none gets all 1,078: the first round alone has 12, with 120 each. Ask for at least 17.'
  );
  expect(words(16)).toContain('Ask for at least 17');
});
