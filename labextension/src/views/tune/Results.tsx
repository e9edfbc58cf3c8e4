import * as React from 'react';
import { useCallback, useEffect, useMemo, useRef } from 'react';
import { useHost } from '../shared/host';
import type { Run } from '../shared/types';
import { BestChart } from './BestChart';
import type { objectiveOf, standing } from './best';
import { axesOf, matches, type Axis, type Brush } from './charts';
import type { PageState } from './page';
import { Parallel } from './Parallel';
import type { Search, Trial } from './search';
import { columnsOf } from './table';
import { TrialDrawer } from './TrialDrawer';
import { Trials } from './Trials';
import { useSpace } from './useSpace';

/** The trials: over time, over the parameters, in a table, and the chosen one beside it. */
export function Results({
  run,
  search,
  trials,
  now,
  objective,
  live,
  page,
  update
}: {
  run: Run;
  search: Search;
  trials: readonly Trial[];
  now: ReturnType<typeof standing>;
  objective: ReturnType<typeof objectiveOf>;
  live: boolean;
  page: PageState;
  update: (change: Partial<PageState>) => void;
}): React.ReactElement {
  const { trans } = useHost();
  const { spec } = run;
  const space = useSpace(spec, trials);
  const resource = spec.tuning?.resource?.name;
  const axes = useMemo(() => axesOf(space, objective), [space, objective]);
  const columns = useMemo(
    () => columnsOf(trials, space, objective, trans, resource),
    [trials, space, objective, trans, resource]
  );
  const { brushes, selected } = page;
  const inside = useMemo(
    () =>
      Object.values(brushes).some(brush => brush.length > 0)
        ? new Set(
            trials
              .filter(trial => matches(trial, axes, brushes))
              .map(trial => trial.number)
          )
        : null,
    [trials, axes, brushes]
  );
  const select = useCallback(
    (number: number | null) => update({ selected: number }),
    [update]
  );
  const brush = useCallback(
    (axis: Axis, kept: Brush) =>
      update({ brushes: { ...brushes, [axis.name]: kept } }),
    [update, brushes]
  );
  // In a narrow panel the chosen one is below the table, out of sight: whoever chooses it is led there.
  const box = useRef<HTMLDivElement>(null);
  const before = useRef(selected);
  useEffect(() => {
    if (before.current === selected) {
      return;
    }
    before.current = selected;
    const heading = box.current?.querySelector<HTMLElement>('.kf-Trial h2');
    if (
      box.current &&
      getComputedStyle(box.current).flexDirection === 'column'
    ) {
      heading?.focus({ preventScroll: true });
      heading?.scrollIntoView({ block: 'start' });
    }
  }, [selected]);
  const chosen = trials.find(trial => trial.number === selected);
  const close = (): void => {
    const button = document.activeElement
      ?.closest('.kf-TuneRun')
      ?.querySelector<HTMLElement>(`[data-trial="${selected}"]`);
    update({ selected: null });
    button?.focus();
  };
  return (
    <>
      <div className="kf-Tune-charts">
        {(now.best || live) && (
          <BestChart
            trials={trials}
            best={now.best}
            objective={objective}
            selected={selected}
            onSelect={select}
          />
        )}
        {now.done > 0 && (
          <Parallel
            trials={trials}
            best={now.best}
            axes={axes}
            objective={objective}
            brushes={brushes}
            onBrush={brush}
          />
        )}
      </div>
      <div className="kf-Tune-trials" ref={box}>
        <Trials
          trials={trials}
          traces={search.traces}
          columns={columns}
          live={live}
          objective={objective}
          now={now}
          shown={inside}
          sort={page.sort}
          selected={selected}
          onSort={sort => update({ sort })}
          onSelect={select}
        />
        {chosen && (
          <TrialDrawer
            key={chosen.number}
            run={run}
            trial={chosen}
            trace={search.traces[chosen.number]}
            baseline={now.baseline}
            best={chosen === now.best}
            objective={objective}
            resource={resource}
            live={live}
            onClose={close}
          />
        )}
      </div>
    </>
  );
}
