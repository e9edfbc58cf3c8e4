/** Where the marks of one range lie, from 0 (its left end) to 1. Pure, so that it can be tested without a browser. */
import type { Trans } from '../shared/host';
import { optionsOf, valuesOf } from './space';
import type { Parameter, Value } from './types';

export interface Marks {
  ticks: number[];
  /** The baseline: inside of the range, or beyond one of its ends. */
  baseline: { at: number; where: 'inside' | 'below' | 'above' } | null;
  /** Choices are points; a range is a bar. */
  points: boolean;
}

const MOST_TICKS = 25;

/** The marks of a dimension; null where it can't be drawn, as it can't be read. */
export function marks(parameter: Parameter, baseline: unknown): Marks | null {
  const options = optionsOf(parameter);
  if (options) {
    return options.length === 0 ? null : pointMarks(options, baseline);
  }
  const { low, high } = parameter;
  if (typeof low !== 'number' || typeof high !== 'number' || low >= high) {
    return null;
  }
  const log = parameter.scale === 'log';
  if (log && low <= 0) {
    return null;
  }
  const at = (value: number): number =>
    log
      ? Math.log(value / low) / Math.log(high / low)
      : (value - low) / (high - low);
  return {
    ticks: (log ? logTicks(low, high) : linearTicks(parameter, low, high)).map(
      at
    ),
    baseline:
      typeof baseline !== 'number'
        ? null
        : baseline < low
          ? { at: 0, where: 'below' }
          : baseline > high
            ? { at: 1, where: 'above' }
            : { at: at(baseline), where: 'inside' },
    points: false
  };
}

function pointMarks(options: readonly Value[], baseline: unknown): Marks {
  const at = (place: number): number =>
    options.length === 1 ? 0.5 : place / (options.length - 1);
  const place = options.indexOf(baseline as Value);
  return {
    ticks: options.map((_, index) => at(index)),
    baseline: place < 0 ? null : { at: at(place), where: 'inside' },
    points: true
  };
}

function linearTicks(
  parameter: Parameter,
  low: number,
  high: number
): number[] {
  const count = valuesOf(parameter);
  if (count <= MOST_TICKS) {
    const stride = parameter.step ?? 1;
    return Array.from({ length: count }, (_, place) => low + place * stride);
  }
  return [0, 0.25, 0.5, 0.75, 1].map(share => low + share * (high - low));
}

/** The powers of ten inside, with twos and fives where there are few. */
function logTicks(low: number, high: number): number[] {
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const wide = last - first > 3;
  const found: number[] = [];
  for (let power = first; power <= last; power++) {
    for (const factor of wide ? [1] : [1, 2, 5]) {
      found.push(factor * 10 ** power);
    }
  }
  return found.filter(
    value => value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)
  );
}

/** What the drawing shows, in words. */
export function rangeWords(
  parameter: Parameter,
  baseline: unknown,
  trans: Trans
): string {
  const options = optionsOf(parameter);
  const found = marks(parameter, baseline);
  if (!found) {
    return trans('can’t be drawn yet');
  }
  const range = options
    ? trans('%1 values', options.length)
    : parameter.scale === 'log'
      ? trans(
          '%1 to %2 on a log scale',
          Number(parameter.low),
          Number(parameter.high)
        )
      : trans('%1 to %2', Number(parameter.low), Number(parameter.high));
  if (baseline === undefined || baseline === null) {
    return range;
  }
  const inside = found.baseline?.where === 'inside';
  return inside
    ? trans('%1; the baseline is %2', range, String(baseline))
    : trans('%1; the baseline, %2, is outside', range, String(baseline));
}
