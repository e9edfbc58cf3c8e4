import type { Trans } from './host';
import type { Errors } from './useStart';

/** Reads whole numbers as they were typed; what is none, or out of its range, is told in `errors` by its path. */
export function wholeNumbers(
  errors: Errors,
  trans: Trans
): (path: string, typed: string, low: number, high: number) => number {
  return (path, typed, low, high) => {
    const text = typed.trim();
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < low || value > high) {
      errors[path] = trans(
        '"%1" isn\'t a whole number from %2 to %3.',
        typed,
        low,
        high
      );
    }
    return value;
  };
}
