/** The table of trials: its columns, and the order that it keeps. */
import { brief, duration, exact, toNumber } from '../shared/format';
import type { Trans } from '../shared/host';
import { metricWord } from '../train/words';
import type { Objective } from './best';
import type { Trial } from './search';
import type { Parameter } from './types';
import { trialStateWord } from './words';

/** `-value` sorts from the largest; a parameter's column is `p:NAME`. */
export type Sort = string;
export const FIRST_SORT: Sort = 'number';

export interface Column {
  name: string;
  label: string;
  text: (trial: Trial) => string;
  /** All digits, on hover. */
  title?: (trial: Trial) => string;
  key: (trial: Trial) => number | string | null;
}

export function columnsOf(
  trials: readonly Trial[],
  space: readonly Parameter[],
  { metric }: Objective,
  trans: Trans,
  resource?: string
): Column[] {
  const columns: Column[] = [
    {
      name: 'value',
      label: metric ? metricWord(metric) : trans('Value'),
      text: trial => brief(trial.event.value),
      title: trial => exact(trial.event.value),
      key: trial => trial.value
    }
  ];
  if (trials.some(trial => typeof trial.event.std === 'number')) {
    columns.push({
      name: 'std',
      label: trans('±'),
      text: trial => brief(trial.event.std),
      title: trial => exact(trial.event.std),
      key: trial => numeric(trial.event.std)
    });
  }
  columns.push({
    name: 'seconds',
    label: trans('Duration'),
    text: trial => {
      const seconds = numeric(trial.event.seconds);
      return seconds === null ? '' : duration(seconds * 1000);
    },
    key: trial => numeric(trial.event.seconds)
  });
  if (trials.some(trial => trial.event.resource)) {
    columns.push({
      name: 'resource',
      label: resource ?? trans('Given'),
      text: trial => String(trial.event.resource ?? ''),
      key: trial => trial.event.resource ?? null
    });
  }
  return [
    ...columns,
    ...space.map(({ name }): Column => ({
      name: `p:${name}`,
      label: name,
      text: trial => shown(trial.event.params[name]),
      title: trial => exact(trial.event.params[name]),
      key: trial => {
        const value = trial.event.params[name];
        return value === undefined
          ? null
          : typeof value === 'boolean'
            ? Number(value)
            : value;
      }
    }))
  ];
}

function numeric(value: Parameters<typeof toNumber>[0] | null | undefined) {
  return value === null || value === undefined ? null : toNumber(value);
}

export function shown(value: unknown): string {
  return typeof value === 'number' ? brief(value) : exact(value);
}

/** `name`, then `-name`, then `name` again. */
export function nextSort(now: Sort, name: string): Sort {
  return now === name ? `-${name}` : name;
}

/** The numbers of the trials in order; those without a value come last, equals by number. The baseline is not among them. */
export function sorted(
  trials: readonly Trial[],
  sort: Sort,
  columns: readonly Column[],
  trans: Trans
): number[] {
  const down = sort.startsWith('-');
  const name = down ? sort.slice(1) : sort;
  const key: Column['key'] =
    name === 'number'
      ? trial => trial.number
      : name === 'state'
        ? trial => trialStateWord(trial.event.state, trans)
        : (columns.find(column => column.name === name)?.key ??
          (trial => trial.number));
  return trials
    .filter(trial => trial.number !== 0)
    .map(trial => ({ number: trial.number, key: key(trial) }))
    .sort((a, b) => {
      if (a.key === null || b.key === null) {
        return (
          Number(a.key === null) - Number(b.key === null) || a.number - b.number
        );
      }
      const order =
        typeof a.key === 'number' && typeof b.key === 'number'
          ? a.key - b.key
          : String(a.key).localeCompare(String(b.key));
      return (down ? -order : order) || a.number - b.number;
    })
    .map(item => item.number);
}

/** The order kept, and what came since then below it: nothing moves under the reader. */
export function kept(
  order: readonly number[],
  trials: readonly Trial[]
): number[] {
  const known = new Set(order);
  const added = trials.filter(
    trial => trial.number !== 0 && !known.has(trial.number)
  );
  return [...order, ...added.map(trial => trial.number)];
}
