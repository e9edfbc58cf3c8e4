import * as React from 'react';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { EChartsType } from 'echarts/core';
import { Chart, type Theme } from '../shared/chart';
import { brief } from '../shared/format';
import { useHost, type Trans } from '../shared/host';
import type { Objective } from './best';
import {
  axisId,
  parallelOption,
  reach,
  type Axis,
  type Brush,
  type Brushes
} from './charts';
import type { Trial } from './search';
import { typedNumber } from './space';
import { useThrottled } from './useThrottled';

const EVERY = 400;

/** The trials as lines over their parameters; a brush along an axis keeps those in it, here and in the table. */
export function Parallel({
  trials,
  best,
  axes,
  objective,
  brushes,
  onBrush
}: {
  trials: readonly Trial[];
  best: Trial | null;
  axes: readonly Axis[];
  objective: Objective;
  brushes: Brushes;
  onBrush: (axis: Axis, brush: Brush) => void;
}): React.ReactElement {
  const { trans } = useHost();
  const shown = useThrottled(trials, EVERY);
  const [chart, setChart] = useState<EChartsType | null>(null);
  const draw = useCallback(
    (theme: Theme) =>
      parallelOption(shown, axes, best, objective, theme, trans),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the best changes with the trials, and is drawn with them
    [shown, axes, objective.metric, objective.goal, trans]
  );
  const drawn = useRef<Record<string, string>>({});
  const latest = useRef({ axes, brushes, onBrush });
  useEffect(() => {
    latest.current = { axes, brushes, onBrush };
  });

  const ready = useCallback((made: EChartsType) => {
    made.on('axisareaselected', event => {
      const { parallelAxisId, intervals, quiet } = event as {
        parallelAxisId?: string;
        intervals?: Brush;
        quiet?: boolean;
      };
      const now = latest.current;
      const axis = now.axes.find((_, dim) => axisId(dim) === parallelAxisId);
      if (axis && !quiet) {
        drawn.current[axis.name] = JSON.stringify(intervals ?? []);
        now.onBrush(axis, intervals ?? []);
      }
    });
    drawn.current = {};
    setChart(made);
  }, []);

  // What is set elsewhere, by the fields below or by a reload, is drawn too; each axis only if it has changed, as ECharts
  // draws all anew each time.
  useEffect(() => {
    if (!chart || chart.isDisposed()) {
      return;
    }
    let changed = false;
    axes.forEach((axis, dim) => {
      const intervals = brushes[axis.name] ?? [];
      const now = JSON.stringify(intervals);
      if ((drawn.current[axis.name] ?? '[]') !== now) {
        drawn.current[axis.name] = now;
        changed = true;
        chart.dispatchAction({
          type: 'axisAreaSelect',
          parallelAxisId: axisId(dim),
          intervals: clipped(axis, intervals, shown),
          quiet: true
        });
      }
    });
    if (changed) {
      // ECharts leaves the brushes themselves as they were until the next drawing.
      chart.setOption({});
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- new trials move no brush
  }, [chart, axes, brushes]);

  return (
    <section>
      <h3>{trans('Parameters of the trials')}</h3>
      <Chart
        draw={draw}
        height={260}
        onReady={ready}
        summary={trans(
          'Each of %1 trials as a line over %2 axes, the better the greener. The table below has all of them.',
          shown.length,
          axes.length
        )}
      />
      <BrushFields axes={axes} brushes={brushes} onBrush={onBrush} />
    </section>
  );
}

/** A brush with open ends, as far as the axis goes. */
function clipped(axis: Axis, brush: Brush, trials: readonly Trial[]): Brush {
  const ends = reach(axis, trials);
  return axis.options || !ends
    ? brush
    : brush.map(([low, high]) => [
        Math.max(low, ends.min),
        Math.min(high, ends.max)
      ]);
}

/** What a brush keeps, in words. */
function brushWords(axis: Axis, brush: Brush, trans: Trans): string {
  const parts = brush.map(([low, high]) => {
    if (axis.options) {
      return axis.options
        .filter((_, place) => low <= place && place <= high)
        .join(', ');
    }
    if (low === -Number.MAX_VALUE) {
      return trans('up to %1', brief(high));
    }
    return high === Number.MAX_VALUE
      ? trans('from %1', brief(low))
      : trans('%1 to %2', brief(low), brief(high));
  });
  return `${axis.label} ${parts.join(trans(' or '))}`;
}

/** The brushes that are set, and the same by keyboard: an axis and the ends of what is kept. */
function BrushFields({
  axes,
  brushes,
  onBrush
}: {
  axes: readonly Axis[];
  brushes: Brushes;
  onBrush: (axis: Axis, brush: Brush) => void;
}): React.ReactElement {
  const { trans } = useHost();
  const [name, setName] = useState<string | null>(null);
  const [low, setLow] = useState('');
  const [high, setHigh] = useState('');
  const axis = axes.find(item => item.name === name) ?? axes[axes.length - 1];
  const range = useMemo(() => rangeOf(axis, low, high), [axis, low, high]);
  const set = axes.filter(item => (brushes[item.name] ?? []).length > 0);
  return (
    <div className="kf-Brushes">
      {set.length === 0 ? (
        <p className="kf-help">
          {trans('Drag along an axis to keep the trials in that range.')}
        </p>
      ) : (
        <ul className="kf-Chips" aria-label={trans('Ranges kept')}>
          {set.map(item => (
            <li key={item.name}>
              <button
                className="kf-Chip"
                onClick={() => onBrush(item, [])}
                title={trans('Remove this range')}
              >
                {brushWords(item, brushes[item.name], trans)}{' '}
                <span aria-hidden="true">×</span>
                <span className="kf-hidden">{trans('Remove this range')}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      <details className="kf-Drawer">
        <summary>{trans('Keep a range by its ends')}</summary>
        <form
          className="kf-row"
          onSubmit={event => {
            event.preventDefault();
            if (range) {
              onBrush(axis, [range]);
            }
          }}
        >
          <select
            className="kf-select"
            aria-label={trans('Axis')}
            value={axis.name}
            onChange={event => setName(event.target.value)}
          >
            {axes.map(item => (
              <option key={item.name} value={item.name}>
                {item.label}
              </option>
            ))}
          </select>
          {axis.options ? (
            <select
              className="kf-select"
              aria-label={trans('Value')}
              value={low}
              onChange={event => setLow(event.target.value)}
            >
              <option value="">{trans('Choose')}</option>
              {axis.options.map((option, place) => (
                <option key={place} value={String(place)}>
                  {String(option)}
                </option>
              ))}
            </select>
          ) : (
            <>
              <input
                className="kf-input kf-number"
                aria-label={trans('From')}
                placeholder={trans('from')}
                inputMode="decimal"
                value={low}
                onChange={event => setLow(event.target.value)}
              />
              <input
                className="kf-input kf-number"
                aria-label={trans('To')}
                placeholder={trans('to')}
                inputMode="decimal"
                value={high}
                onChange={event => setHigh(event.target.value)}
              />
            </>
          )}
          <button
            type="submit"
            className="jp-Button jp-mod-styled"
            disabled={!range}
          >
            {trans('Keep these')}
          </button>
        </form>
      </details>
    </div>
  );
}

/** How far the brush around one choice reaches to the next, so that it can be seen. */
const AROUND = 0.3;

/** The typed range; an end left empty is open. */
function rangeOf(
  axis: Axis,
  low: string,
  high: string
): [number, number] | null {
  const from = typedNumber(low);
  if (axis.options) {
    return from === null ? null : [from - AROUND, from + AROUND];
  }
  const to = typedNumber(high);
  if ((low.trim() && from === null) || (high.trim() && to === null)) {
    return null;
  }
  if (from === null && to === null) {
    return null;
  }
  const range: [number, number] = [
    from ?? -Number.MAX_VALUE,
    to ?? Number.MAX_VALUE
  ];
  return range[0] <= range[1] ? range : null;
}
