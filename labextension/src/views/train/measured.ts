import type { Epoch } from '../shared/types';
import { toNumber } from '../shared/format';

export interface Point {
  step: number;
  value: number;
}

export interface Curve {
  train: Point[];
  validation: Point[];
}

const LOWER = /loss|error|mse|mae|rmse|deviance|brier|_deviation|time|seconds/i;

/** Whether less of it is better. */
export function lowerIsBetter(metric: string): boolean {
  return LOWER.test(metric) && !metric.startsWith('neg_');
}

/** The names of all measures, the loss first. */
export function measureNames(epochs: readonly Epoch[]): string[] {
  const names = new Set<string>();
  for (const epoch of epochs) {
    for (const name of Object.keys(epoch.validation ?? {})) {
      names.add(name);
    }
    for (const name of Object.keys(epoch.train ?? {})) {
      names.add(name);
    }
  }
  return [...names].sort(
    (a, b) => Number(lowerIsBetter(b)) - Number(lowerIsBetter(a))
  );
}

/** Both curves of one measure; a step without a finite value leaves a hole, not a zero. */
export function curve(epochs: readonly Epoch[], name: string): Curve {
  const pick = (part: 'train' | 'validation'): Point[] =>
    epochs.flatMap(epoch => {
      const value = epoch[part]?.[name];
      const number = value === undefined ? NaN : toNumber(value);
      return Number.isFinite(number)
        ? [{ step: epoch.step, value: number }]
        : [];
    });
  return { train: pick('train'), validation: pick('validation') };
}

/**
 * The validation point of the best model that training came by, the earliest of equals. There is none where each point
 * is of a model of its own that was given more samples: there the last is what is saved.
 */
export function bestStep(epochs: readonly Epoch[], name: string): Point | null {
  return epochs[0]?.unit === 'samples'
    ? null
    : bestPoint(curve(epochs, name).validation, lowerIsBetter(name));
}

/** The best point of a curve; the earliest of equals. */
export function bestPoint(
  points: readonly Point[],
  lower: boolean
): Point | null {
  return points.reduce<Point | null>(
    (best, point) =>
      best === null ||
      (lower ? point.value < best.value : point.value > best.value)
        ? point
        : best,
    null
  );
}

export interface Overfit {
  metric: string;
  since: number;
  /** How much worse validation became since its best, as a share of it. */
  worse: number;
}

/** Steps past the best before it is more than noise. */
const PATIENCE = 3;
const WORSE = 0.05;

/**
 * Whether validation has become worse since its best while training went on improving: at least three steps past
 * the best, the mean of the last three at least 5 % worse than it. Models of more and more samples are no one training.
 */
export function overfitting(epochs: readonly Epoch[]): Overfit | null {
  if (epochs[0]?.unit === 'samples') {
    return null;
  }
  for (const metric of measureNames(epochs)) {
    const lower = lowerIsBetter(metric);
    const { train, validation } = curve(epochs, metric);
    const best = bestPoint(validation, lower);
    if (best === null || best.value === 0) {
      continue;
    }
    const after = validation.filter(point => point.step > best.step);
    const trainThen = train.find(point => point.step === best.step);
    const trainNow = train[train.length - 1];
    if (after.length < PATIENCE || !trainThen || !trainNow) {
      continue;
    }
    const recent = after.slice(-PATIENCE);
    const mean =
      recent.reduce((sum, point) => sum + point.value, 0) / recent.length;
    const worse =
      ((lower ? 1 : -1) * (mean - best.value)) / Math.abs(best.value);
    const improved = lower
      ? trainNow.value < trainThen.value
      : trainNow.value > trainThen.value;
    if (worse >= WORSE && improved) {
      return { metric, since: best.step, worse };
    }
  }
  return null;
}
