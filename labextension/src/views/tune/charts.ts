/** What the charts of a search draw. Pure: options for ECharts from trials. */
import { HUES, look, type Theme } from '../shared/chart';
import { brief } from '../shared/format';
import type { Trans } from '../shared/host';
import { metricWord } from '../train/words';
import { bestSoFar, better, type Objective } from './best';
import type { Trial } from './search';
import { optionsOf } from './space';
import type { Parameter, Value } from './types';
import { trialName, told } from './words';

const CROSS = 'path://M2 2L14 14M14 2L2 14';
/** Room above the best and below the worst, as a share of what lies between. */
const MARGIN = 0.08;

/** Each trial's value, the best so far as a step line, the baseline dashed; failed ones as crosses at the bottom. */
export function bestOption(
  trials: readonly Trial[],
  best: Trial | null,
  { goal }: Objective,
  selected: number | null,
  theme: Theme,
  trans: Trans
) {
  const done = trials.filter(trial => trial.value !== null);
  const values = done.map(trial => trial.value as number);
  const low = values.length ? Math.min(...values) : 0;
  const high = values.length ? Math.max(...values) : 1;
  const margin = (high - low || Math.abs(high) || 1) * MARGIN;
  const [floor, ceiling] = [low - margin, high + margin];
  const last = trials.length ? trials[trials.length - 1].number : 1;
  const baseline = trials[0]?.number === 0 ? trials[0].value : null;
  const dot = (trial: Trial, value: number) => ({
    value: [trial.number, value],
    name: trialName(trial.number, trans)
  });
  const at = (wanted: (trial: Trial) => boolean) =>
    done.filter(wanted).map(trial => dot(trial, trial.value as number));
  const failed = trials.filter(trial => trial.event.state === 'failed');
  const { whole, tooltip, axis } = look(theme);
  return {
    ...whole,
    aria: { enabled: false },
    grid: { left: 64, right: 20, top: 36, bottom: 40 },
    legend: {
      // Where it is too narrow for all, the rest is a page further.
      type: 'scroll' as const,
      top: 4,
      left: 8,
      textStyle: { color: theme.text },
      selectedMode: false,
      itemHeight: 9,
      data: [
        trans('Trial'),
        trans('Best so far'),
        ...(baseline === null ? [] : [trans('Baseline')]),
        ...(best === null ? [] : [trans('Best')]),
        ...(failed.length === 0 ? [] : [trans('Failed')])
      ]
    },
    tooltip: {
      trigger: 'item' as const,
      ...tooltip,
      formatter: (point: { name?: string; value?: unknown }) => {
        const value = Array.isArray(point.value)
          ? (point.value[1] as unknown)
          : null;
        return `${point.name ?? ''}: ${brief(typeof value === 'number' ? value : null)}`;
      }
    },
    xAxis: {
      ...axis,
      name: trans('Trial'),
      nameLocation: 'middle' as const,
      nameGap: 26,
      minInterval: 1,
      min: 0,
      max: Math.max(last, 1),
      splitLine: { show: false }
    },
    yAxis: {
      ...axis,
      min: floor,
      max: ceiling,
      axisLabel: {
        ...axis.axisLabel,
        showMinLabel: false,
        showMaxLabel: false,
        formatter: (value: number) =>
          told(value, value + (high - low || 1) / 10)
      }
    },
    series: [
      {
        type: 'scatter' as const,
        name: trans('Trial'),
        data: at(trial => trial.number !== 0),
        symbolSize: 7,
        color: HUES.validation,
        itemStyle: { opacity: 0.75 }
      },
      {
        type: 'line' as const,
        name: trans('Best so far'),
        data: withEnd(bestSoFar(trials, goal), last),
        step: 'end' as const,
        symbol: 'none',
        silent: true,
        color: theme.text,
        lineStyle: { width: 2, color: theme.text }
      },
      {
        type: 'line' as const,
        name: trans('Baseline'),
        data:
          baseline === null
            ? []
            : [
                [0, baseline],
                [Math.max(last, 1), baseline]
              ],
        symbol: 'none',
        silent: true,
        color: HUES.baseline,
        lineStyle: { width: 2, type: 'dashed' as const, color: HUES.baseline }
      },
      {
        type: 'scatter' as const,
        name: trans('Best'),
        data: at(trial => trial === best),
        symbol: 'diamond',
        symbolSize: 16,
        color: HUES.best,
        z: 5
      },
      {
        type: 'scatter' as const,
        name: trans('Failed'),
        data: failed.map(trial => dot(trial, floor + margin * 0.35)),
        symbol: CROSS,
        symbolSize: 9,
        color: theme.faint,
        itemStyle: {
          borderColor: theme.text,
          borderWidth: 1.5,
          color: 'transparent'
        }
      },
      {
        type: 'scatter' as const,
        name: trans('Chosen'),
        data: at(trial => trial.number === selected),
        symbol: 'circle',
        symbolSize: 15,
        silent: true,
        color: theme.text,
        itemStyle: {
          color: 'transparent',
          borderColor: theme.text,
          borderWidth: 1.5
        },
        z: 6
      }
    ]
  };
}

/** The line goes on to the newest trial. */
function withEnd(line: [number, number][], last: number): [number, number][] {
  const end = line[line.length - 1];
  return end && end[0] < last ? [...line, [last, end[1]]] : line;
}

/** Where one brush lies: ends of a range, or places of choices. */
export type Brush = [low: number, high: number][];
/** Brushes by the name of the axis; the objective's is the empty name. */
export type Brushes = Readonly<Record<string, Brush>>;

/** One axis of the parallel coordinates. */
export interface Axis {
  name: string;
  label: string;
  /** The values of a choice, in order. */
  options: Value[] | null;
  log: boolean;
  /** Whether there is nothing between two whole numbers. */
  whole: boolean;
  /** Of the range that is searched, where it was told. */
  ends: number[];
}

export const OBJECTIVE = '';

/** An axis for each parameter that is searched, and the objective's at the right. */
export function axesOf(
  space: readonly Parameter[],
  { metric }: Objective
): Axis[] {
  return [
    ...space.map(parameter => ({
      name: parameter.name,
      label: parameter.name,
      options: optionsOf(parameter),
      log: parameter.scale === 'log',
      whole: parameter.type === 'int',
      ends: [parameter.low, parameter.high].filter(isNumber)
    })),
    {
      name: OBJECTIVE,
      label: metricWord(metric),
      options: null,
      log: false,
      whole: false,
      ends: []
    }
  ];
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}

/** How far an axis goes: over what is searched, and any trial beside it. */
export function reach(
  axis: Axis,
  trials: readonly Trial[]
): { min: number; max: number } | null {
  const places = trials.flatMap(trial => placeOn(axis, trial) ?? []);
  const all = [...axis.ends, ...places].filter(place => !axis.log || place > 0);
  return all.length === 0
    ? null
    : { min: Math.min(...all), max: Math.max(...all) };
}

/** A trial's place on an axis; null where it has none. */
export function placeOn(axis: Axis, trial: Trial): number | null {
  if (axis.name === OBJECTIVE) {
    return trial.value;
  }
  const value = trial.event.params[axis.name];
  if (value === undefined) {
    return null;
  }
  if (axis.options) {
    const place = axis.options.indexOf(value);
    return place < 0 ? null : place;
  }
  return typeof value === 'number' ? value : null;
}

/** Whether a trial lies in every brush. */
export function matches(
  trial: Trial,
  axes: readonly Axis[],
  brushes: Brushes
): boolean {
  return axes.every(axis => {
    const brush = brushes[axis.name];
    if (!brush || brush.length === 0) {
      return true;
    }
    const place = placeOn(axis, trial);
    return (
      place !== null &&
      brush.some(([low, high]) => low <= place && place <= high)
    );
  });
}

/** More lines than this hide each other: those that are not good fade. */
const MANY = 80;

const FAINT = [158, 158, 158];
const BEST = [0, 158, 115];

/** From grey to the accent: the nearer to the best, the more of it. */
export function shade(share: number): string {
  const mixed = FAINT.map((from, place) =>
    Math.round(from + (BEST[place] - from) * share)
  );
  return `rgb(${mixed.join(', ')})`;
}

/** How good each value is among all, 0 for the worst and 1 for the best. */
export function shares(
  trials: readonly Trial[],
  objective: Objective
): Map<number, number> {
  const done = trials
    .filter(trial => trial.value !== null)
    .sort((a, b) =>
      a.value === b.value
        ? 0
        : better(a.value as number, b.value as number, objective.goal)
          ? 1
          : -1
    );
  // By rank: one value far off would else leave the rest in one colour.
  return new Map(
    done.map((trial, place) => [
      trial.number,
      done.length === 1 ? 1 : place / (done.length - 1)
    ])
  );
}

/** A line for each trial that is done, through its value on each axis. */
export function parallelOption(
  trials: readonly Trial[],
  axes: readonly Axis[],
  best: Trial | null,
  objective: Objective,
  theme: Theme,
  trans: Trans
) {
  const share = shares(trials, objective);
  const done = trials.filter(trial => trial.value !== null);
  // The best is drawn last, on top of the others.
  const ordered = [...done].sort(
    (a, b) => (share.get(a.number) ?? 0) - (share.get(b.number) ?? 0)
  );
  const { whole, tooltip } = look(theme);
  const staggered = axes.length > 3;
  const faintest = done.length > MANY ? 0.06 : 0.35;
  // Lines run behind the labels: a border in the colour of the page keeps them legible.
  const label = {
    color: theme.text,
    hideOverlap: true,
    textBorderColor: theme.background,
    textBorderWidth: 3
  };
  return {
    ...whole,
    aria: { enabled: false },
    tooltip: {
      ...tooltip,
      formatter: (line: { name?: string }) => line.name ?? ''
    },
    parallel: {
      left: 48,
      right: 64,
      top: staggered ? 48 : 34,
      bottom: 22,
      parallelAxisDefault: {
        nameTextStyle: { color: theme.text },
        axisLine: { lineStyle: { color: theme.faint } },
        axisTick: { lineStyle: { color: theme.faint } },
        axisLabel: label,
        nameTruncate: { maxWidth: 110 },
        realtime: false
      }
    },
    parallelAxis: axes.map((axis, dim) => ({
      dim,
      id: axisId(dim),
      name: axis.label,
      areaSelectStyle: {
        width: 16,
        color: HUES.best,
        borderColor: HUES.best,
        borderWidth: 1,
        opacity: 0.3
      },
      // Names beside each other would run into one another.
      nameGap: staggered && dim % 2 === 1 ? 28 : 12,
      ...(axis.options
        ? {
            type: 'category' as const,
            data: axis.options.map(String),
            axisTick: { show: false }
          }
        : axis.log
          ? {
              type: 'log' as const,
              logBase: 10,
              axisLabel: { ...label, formatter: brief },
              ...reach(axis, done)
            }
          : {
              type: 'value' as const,
              scale: true,
              minInterval: axis.whole ? 1 : 0,
              axisLabel: label,
              ...(axis.ends.length > 0 ? reach(axis, done) : {})
            })
    })),
    series: [
      {
        type: 'parallel' as const,
        name: trans('Trials'),
        inactiveOpacity: 0.06,
        activeOpacity: 0.9,
        progressive: 0,
        data: ordered.map(trial => {
          const good = share.get(trial.number) ?? 0;
          const top = trial === best;
          return {
            name: `${trialName(trial.number, trans)}: ${brief(trial.value)}`,
            value: axes.map(axis => placeOn(axis, trial) ?? '-'),
            lineStyle: {
              color: trial.number === 0 ? HUES.baseline : shade(good),
              type:
                trial.number === 0 ? ('dashed' as const) : ('solid' as const),
              width: top ? 4 : 1.2,
              opacity:
                top || trial.number === 0 ? 1 : faintest + 0.5 * good ** 3
            }
          };
        })
      }
    ]
  };
}

/** The name that ECharts knows an axis by, and the place that it says. */
export function axisId(dim: number): string {
  return `kf-axis-${dim}`;
}
