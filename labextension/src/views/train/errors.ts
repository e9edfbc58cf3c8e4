import type { Prediction, PredictionRow } from '../shared/types';
import { exact, isNumeric, toNumber } from '../shared/format';

export interface Wrong extends PredictionRow {
  /** |truth − prediction| for numbers; for classes 1 where wrong plus how sure the model was. */
  error: number;
}

type Value = PredictionRow['truth'];

export function same(a: Value, b: Value): boolean {
  return exact(a) === exact(b);
}

/** How sure the model was of what it said, 0 to 1, where it says. */
function sureness(row: PredictionRow): number {
  const { proba } = row;
  if (proba === null || proba === undefined) {
    return 0;
  }
  if (isNumeric(proba)) {
    const value = toNumber(proba);
    return Math.max(value, 1 - value);
  }
  const all = Array.isArray(proba) ? proba : Object.values(proba);
  return all.length ? Math.max(...all.map(toNumber)) : 0;
}

/** The rows where the model is furthest off, worst first; none that is right. */
export function worstRows(prediction: Prediction, count = 10): Wrong[] {
  const classes = Boolean(prediction.confusion);
  return prediction.rows
    .map(row => ({
      ...row,
      error: classes
        ? same(row.truth, row.pred)
          ? 0
          : 1 + sureness(row)
        : distance(row)
    }))
    .filter(row => row.error > 0)
    .sort((a, b) => b.error - a.error || a.row - b.row)
    .slice(0, count);
}

function distance(row: PredictionRow): number {
  if (isNumeric(row.truth) && isNumeric(row.pred)) {
    const off = Math.abs(toNumber(row.truth) - toNumber(row.pred));
    return Number.isNaN(off) ? Infinity : off;
  }
  return same(row.truth, row.pred) ? 0 : 1;
}

/** Share of rows on the diagonal. */
export function agreement(matrix: readonly (readonly number[])[]): number {
  const all = matrix.flat().reduce((sum, count) => sum + count, 0);
  const right = matrix.reduce((sum, row, index) => sum + (row[index] ?? 0), 0);
  return all === 0 ? 0 : right / all;
}
