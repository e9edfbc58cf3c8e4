import * as React from 'react';
import { useCallback, useEffect, useRef } from 'react';
import type { EChartsType } from 'echarts/core';
import { Chart, type Theme } from '../shared/chart';
import { useHost } from '../shared/host';
import { Loading } from '../shared/panels';
import { metricWord } from '../train/words';
import type { Objective } from './best';
import { bestOption } from './charts';
import type { Trial } from './search';
import { useThrottled } from './useThrottled';
import { goalWords, told, trialName } from './words';

/** Charts are drawn again at most so often, in ms, however fast events come. */
const EVERY = 100;

/** The trials' values and the best so far. A dot that is clicked chooses its trial. */
export function BestChart({
  trials,
  best,
  objective,
  selected,
  onSelect
}: {
  trials: readonly Trial[];
  best: Trial | null;
  objective: Objective;
  selected: number | null;
  onSelect: (trial: number) => void;
}): React.ReactElement {
  const { trans } = useHost();
  const shown = useThrottled(trials, EVERY);
  const draw = useCallback(
    (theme: Theme) =>
      bestOption(shown, best, objective, selected, theme, trans),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the best changes with the trials, and is drawn with them
    [shown, objective.metric, objective.goal, selected, trans]
  );
  const select = useRef(onSelect);
  useEffect(() => {
    select.current = onSelect;
  }, [onSelect]);
  const ready = useCallback((chart: EChartsType) => {
    chart.on('click', point => {
      const value: unknown = point.value;
      if (Array.isArray(value) && typeof value[0] === 'number') {
        select.current(value[0]);
      }
    });
  }, []);
  const metric = metricWord(objective.metric);
  const summary =
    best === null || best.value === null
      ? trans('%1 over trials: nothing measured yet.', metric)
      : trans(
          '%1 over %2 trials, best %3 in %4. The table below has all of them.',
          metric,
          shown.length,
          told(best.value),
          trialName(best.number, trans)
        );
  return (
    <section>
      <h3>
        {trans('%1 over trials', metric)}{' '}
        <span className="kf-help">{goalWords(objective.goal, trans)}</span>
      </h3>
      {best === null ? (
        // The room of the chart, so that nothing jumps once there is a point.
        <div className="kf-Tune-wait">
          <Loading what={summary} rows={8} />
        </div>
      ) : (
        <Chart draw={draw} summary={summary} height={260} onReady={ready} />
      )}
    </section>
  );
}
