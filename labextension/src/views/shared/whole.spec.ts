import { trans } from '../../testing/server';
import { wholeNumbers } from './whole';

test.each([
  ['7', 7],
  [' 10 ', 10],
  ['0012', 12]
])('%j is taken', (typed, value) => {
  const errors = {};
  expect(wholeNumbers(errors, trans)('seed', typed, 7, 12)).toBe(value);
  expect(errors).toEqual({});
});

test('the same with nothing typed, and with the commas that the limits are told with', () => {
  const errors: Record<string, string> = {};
  const whole = wholeNumbers(errors, trans);
  whole('trials', ' ', 1, 10_000);
  expect(errors.trials).toBe('Give a whole number from 1 to 10,000.');
  whole('trials', '2,000', 1, 10_000);
  expect(errors.trials).toBe(
    '"2,000" isn\'t a whole number from 1 to 10,000. Write it without commas.'
  );
});

test.each(['many', '7.5', '1e1', '-8', '6', '13', '9'.repeat(20)])(
  '%j is refused, with what is allowed',
  typed => {
    const errors = {};
    wholeNumbers(errors, trans)('seed', typed, 7, 12);
    expect(errors).toEqual({
      seed: `"${typed}" isn't a whole number from 7 to 12.`
    });
  }
);
