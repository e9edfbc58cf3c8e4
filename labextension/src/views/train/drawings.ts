import type { Epoch, PredictionRow } from '../shared/types';
import { HUES, look, type Theme } from '../shared/chart';
import { brief, isNumeric, toNumber } from '../shared/format';
import type { Trans } from '../shared/host';
import { bestStep, curve, type Point } from './measured';
import { unitWord } from './words';

/** One measure over the steps: training dashed, validation solid, the best validation marked. */
export function curvesOption(
  epochs: readonly Epoch[],
  name: string,
  theme: Theme,
  trans: Trans
) {
  const unit = epochs[0] ? unitWord(epochs[0].unit, trans) : '';
  const { train, validation } = curve(epochs, name);
  const best = bestStep(epochs, name);
  const { whole, tooltip, axis } = look(theme);
  const line = (
    label: string,
    color: string,
    points: Point[],
    dashed: boolean
  ) => ({
    type: 'line' as const,
    name: label,
    data: points.map(point => [point.step, point.value]),
    showSymbol: points.length < 30,
    symbol: dashed ? 'circle' : 'diamond',
    symbolSize: 6,
    color,
    lineStyle: {
      width: 2,
      type: dashed ? ('dashed' as const) : ('solid' as const)
    }
  });
  return {
    ...whole,
    aria: { enabled: true },
    grid: { left: 56, right: 20, top: 36, bottom: 40 },
    legend: { top: 4, left: 8, textStyle: { color: theme.text } },
    tooltip: {
      trigger: 'axis' as const,
      ...tooltip,
      valueFormatter: (value: unknown) =>
        typeof value === 'number' ? brief(value) : String(value)
    },
    xAxis: {
      ...axis,
      name: unit,
      nameLocation: 'middle' as const,
      nameGap: 26,
      minInterval: 1,
      min: 'dataMin' as const,
      max: 'dataMax' as const,
      splitLine: { show: false }
    },
    yAxis: { ...axis, scale: true },
    series: [
      line(trans('Training'), HUES.train, train, true),
      {
        ...line(trans('Validation'), HUES.validation, validation, false),
        markLine: {
          silent: true,
          symbol: 'none',
          animation: false,
          label: {
            formatter: trans('best'),
            color: theme.faint,
            position: 'insideEndTop' as const
          },
          lineStyle: { color: HUES.best, type: 'dotted' as const },
          data: best && validation.length > 2 ? [{ xAxis: best.step }] : []
        }
      }
    ]
  };
}

/** Prediction over truth; on the dashed diagonal both are equal. */
export function scatterOption(
  rows: readonly PredictionRow[],
  theme: Theme,
  trans: Trans
) {
  const points = rows
    .filter(row => isNumeric(row.truth) && isNumeric(row.pred))
    .map(row => [toNumber(row.truth as number), toNumber(row.pred as number)]);
  const all = points.flat().filter(Number.isFinite);
  // Both axes go from and to the same round numbers: the diagonal is drawn only if both of its ends are on them.
  const least = all.length ? Math.min(...all) : 0;
  const most = all.length ? Math.max(...all) : 1;
  const step = 10 ** Math.floor(Math.log10(most - least || 1));
  const low = Math.floor(least / step) * step;
  const high = Math.ceil(most / step) * step;
  const { whole, axis: own } = look(theme);
  const axis = {
    ...own,
    min: low,
    max: high,
    nameLocation: 'middle' as const
  };
  return {
    ...whole,
    grid: { left: 64, right: 20, top: 16, bottom: 44 },
    xAxis: { ...axis, name: trans('Truth'), nameGap: 28 },
    yAxis: { ...axis, name: trans('Prediction'), nameGap: 46 },
    series: [
      {
        type: 'scatter' as const,
        data: points,
        symbolSize: 6,
        color: HUES.validation,
        itemStyle: { opacity: 0.7 },
        markLine: {
          silent: true,
          symbol: 'none',
          animation: false,
          label: { show: false },
          lineStyle: { color: HUES.baseline, type: 'dashed' as const },
          data: all.length
            ? [[{ coord: [low, low] }, { coord: [high, high] }] as never]
            : []
        }
      }
    ]
  };
}
