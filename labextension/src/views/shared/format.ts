import type { SpecialFloat } from './types';
import type { Trans } from './host';

/** A number as JSON carries it: plain, or one that JSON has no word for. */
export type Numeric = number | SpecialFloat | { $int: string };

const SPECIAL: Record<string, string> = {
  NaN: 'NaN',
  Infinity: '∞',
  '-Infinity': '−∞'
};

/** The float behind a JSON number. */
export function toNumber(value: Numeric): number {
  if (typeof value === 'number') {
    return value;
  }
  return Number('$int' in value ? value.$int : value.$float);
}

/** Four significant digits, as tables show them. */
export function brief(value: Numeric | null | undefined): string {
  if (value === null || value === undefined) {
    return '';
  }
  if (typeof value !== 'number') {
    return '$int' in value
      ? value.$int
      : (SPECIAL[value.$float] ?? value.$float);
  }
  if (Number.isInteger(value) && Math.abs(value) < 1e6) {
    return String(value);
  }
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) {
    return value.toExponential(2).replace('-', '−').replace('e+', 'e');
  }
  return value.toPrecision(4).replace('-', '−');
}

/** A number as sentences tell it: `10,000`. */
export function grouped(value: number): string {
  return value.toLocaleString('en');
}

/** Any JSON value with all its digits, as details show it. */
export function exact(value: unknown): string {
  if (value === null || value === undefined) {
    return '';
  }
  if (typeof value === 'string') {
    return value;
  }
  if (typeof value === 'object' && Object.keys(value).length === 1) {
    if ('$int' in value) {
      return String(value.$int);
    }
    if ('$float' in value) {
      return String(value.$float);
    }
  }
  return typeof value === 'object'
    ? JSON.stringify(value, null, 1)
    : String(value);
}

export function isNumeric(value: unknown): value is Numeric {
  return (
    typeof value === 'number' ||
    (typeof value === 'object' &&
      value !== null &&
      ('$int' in value || '$float' in value))
  );
}

/** `1 m 12 s`, `0.4 s`, `2 h 5 m`. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 10) {
    return `${seconds.toFixed(1)} s`;
  }
  const whole = Math.round(seconds);
  if (whole < 60) {
    return `${whole} s`;
  }
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) {
    return `${minutes} m ${whole % 60} s`;
  }
  return `${Math.floor(minutes / 60)} h ${minutes % 60} m`;
}

/** `just now`, `5 min ago`, `3 h ago`, `2 d ago`, then the date. */
export function ago(time: string, now: number, trans: Trans): string {
  const then = Date.parse(time);
  if (Number.isNaN(then)) {
    return time;
  }
  const minutes = Math.floor((now - then) / 60_000);
  if (minutes < 1) {
    return trans('just now');
  }
  if (minutes < 60) {
    return trans('%1 min ago', minutes);
  }
  if (minutes < 24 * 60) {
    return trans('%1 h ago', Math.floor(minutes / 60));
  }
  if (minutes < 7 * 24 * 60) {
    return trans('%1 d ago', Math.floor(minutes / 1440));
  }
  return new Date(then).toLocaleDateString();
}

/** The date and time of a moment, in full. */
export function absolute(time: string): string {
  const then = new Date(time);
  return Number.isNaN(then.getTime()) ? time : then.toLocaleString();
}

/** `01ARZ3ND…` for what is too long to read. */
export function shortId(id: string | number): string {
  const text = String(id);
  return text.length > 12 ? `…${text.slice(-6)}` : text;
}

/** `system.Model` as people say it. */
export function typeName(type: string): string {
  return type.replace(/^system\./, '');
}

/** `0 B`, `12 KiB`, `3.4 MiB`. */
export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
