import { grouped } from './format';
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
      const ends = [grouped(low), grouped(high)] as const;
      errors[path] =
        text === ''
          ? trans('Give a whole number from %1 to %2.', ...ends)
          : trans('"%1" isn\'t a whole number from %2 to %3.', typed, ...ends);
      if (/^\d{1,3}(,\d{3})+$/.test(text)) {
        errors[path] += ` ${trans('Write it without commas.')}`;
      }
    }
    return value;
  };
}
