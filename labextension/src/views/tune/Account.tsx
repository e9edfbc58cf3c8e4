import * as React from 'react';
import { useMemo } from 'react';
import { FailedWhy } from '../shared/failed';
import { useHost } from '../shared/host';
import { Icon } from '../shared/icons';
import { Empty, Loading, Partial } from '../shared/panels';
import { Warnings } from '../shared/runFrame';
import { isLive } from '../shared/state';
import type { Run } from '../shared/types';
import { objectiveOf, standing } from './best';
import type { PageState } from './page';
import { Register } from './Register';
import { Results } from './Results';
import { trialsOf, type Search, type Trial } from './search';
import { shown } from './table';
import { countWords, givenWords, headline, trialName } from './words';

/** The sentence, how far it is, what went wrong, and the results. */
export function Account({
  run,
  search,
  state,
  page,
  update,
  onMend
}: {
  run: Run;
  search: Search;
  state: string;
  page: PageState;
  update: (change: globalThis.Partial<PageState>) => void;
  onMend?: (field: string, text: string) => void;
}): React.ReactElement {
  const { trans } = useHost();
  const live = isLive(state);
  // Steps and logs of trials come often, trials seldom: what depends on these alone is not made anew for those.
  const listed = search.trials;
  const trials = useMemo(() => trialsOf({ trials: listed }), [listed]);
  const { metric, goal } = objectiveOf(run, trials);
  const objective = useMemo(() => ({ metric, goal }), [metric, goal]);
  const now = useMemo(() => standing(trials, goal), [trials, goal]);
  const budget = run.spec.tuning?.budget?.trials ?? 0;
  const ended = now.done + now.failed + now.pruned;
  const { end } = search;
  return (
    <>
      <p className="kf-headline">
        {[
          headline(search, now, objective, state, trans),
          givenWords(now, run.spec.tuning?.resource, trans)
        ]
          .filter(Boolean)
          .join(' ')}
      </p>
      <div className="kf-Tune-far">
        <span>{countWords(now, budget, live, trans)}</span>
        {now.best && (
          <span>
            <Icon glyph="star" />{' '}
            <button
              className="kf-link"
              onClick={() => update({ selected: now.best?.number ?? null })}
            >
              {trialName(now.best.number, trans)}
            </button>
            {bestParams(now.best, run)}
          </span>
        )}
        {live && (
          <progress
            value={Math.min(ended, budget)}
            max={Math.max(1, budget)}
            aria-label={trans('Trials that have ended')}
          />
        )}
      </div>
      {end?.type === 'failed' && (
        <div className="kf-Failure">
          <p className="kf-Failure-title">{trans('Failed: %1', end.text)}</p>
          <FailedWhy
            failed={end}
            mend={() => trans('Change it')}
            onMend={onMend}
          />
        </div>
      )}
      {end?.type === 'interrupted' && (
        <Partial>
          {trans('Interrupted: %1. Resume it to go on with the rest.', end.by)}
        </Partial>
      )}
      {end?.type === 'cancelled' && (
        <Partial>
          {trans(
            'Cancelled. What was finished until then stays; it can be resumed.'
          )}
        </Partial>
      )}
      <Warnings of={search.warnings} />
      {now.bestTrial && (
        <Register id={run.id} live={live} baseline={now.best?.number === 0} />
      )}
      {trials.length === 0 ? (
        live ? (
          <Loading
            what={trans('The first results will be here in a moment')}
            rows={6}
          />
        ) : (
          <Empty title={trans('This search ended before its first trial.')}>
            {search.log
              ? trans('The log below has what it said.')
              : trans('It has printed nothing.')}
          </Empty>
        )
      ) : (
        <Results
          run={run}
          search={search}
          trials={trials}
          now={now}
          objective={objective}
          live={live}
          page={page}
          update={update}
        />
      )}
    </>
  );
}

/** What the best trial was searched to: `: max_depth 13, criterion gini`. */
function bestParams(best: Trial, run: Run): string {
  const { params } = best.event;
  const names =
    run.spec.tuning?.space?.map(parameter => parameter.name) ??
    Object.keys(params);
  const words = names.flatMap(name =>
    name in params ? [`${name} ${shown(params[name])}`] : []
  );
  return words.length > 0 ? `: ${words.join(', ')}` : '';
}
