import * as React from 'react';
import { useCallback, useMemo, useState } from 'react';
import type { Client } from '../client';
import { CancelButton } from '../shared/cancel';
import { CopyButton } from '../shared/copy';
import { FailedWhy } from '../shared/failed';
import { stateOf } from '../shared/follow';
import { asApiError, useHost } from '../shared/host';
import { Icon } from '../shared/icons';
import { LogDrawer } from '../shared/logDrawer';
import { Empty, Failure, Loading, Partial } from '../shared/panels';
import { tuneCode } from '../shared/python';
import { isLive, StateBadge, stateWord } from '../shared/state';
import { Elapsed } from '../shared/time';
import type { Run } from '../shared/types';
import { BestChart } from './BestChart';
import { objectiveOf, standing } from './best';
import { axesOf, matches, type Axis, type Brush } from './charts';
import { restorePage, type PageState } from './page';
import { Parallel } from './Parallel';
import { Register } from './Register';
import { trialsOf, type Search, type Trial } from './search';
import { searched } from './space';
import { columnsOf, shown } from './table';
import type { Parameter } from './types';
import { TrialDrawer } from './TrialDrawer';
import { Trials } from './Trials';
import { useSearch } from './useSearch';
import { countWords, headline, trialName } from './words';

/** One search: live while it runs, the same page afterwards. */
export function TuneRun({
  id,
  stored,
  onState,
  onMend
}: {
  id: string;
  stored?: unknown;
  onState?: (state: PageState) => void;
  /** Leads to the field that made the run fail, with what is wrong with it. */
  onMend?: (field: string, text: string) => void;
}): React.ReactElement {
  const { trans, openRun } = useHost();
  const { live: search, connected, record } = useSearch(id);
  const run = record.data ?? record.last;
  const [page, setPage] = useState(() => restorePage(stored));
  const update = useCallback(
    (change: globalThis.Partial<PageState>): void => {
      const next = { ...page, ...change };
      setPage(next);
      onState?.(next);
    },
    [page, onState]
  );

  if (record.error && !run) {
    return (
      <Failure
        error={record.error}
        what={trans('This run could not be read.')}
        retry={record.retry}
      />
    );
  }
  if (!run) {
    return <Loading what={trans('Loading the run')} rows={8} />;
  }
  const state = stateOf(search, run);
  const source = run.spec.from?.run;
  return (
    <article className="kf-Run kf-TuneRun" aria-label={run.name || id}>
      <p className="kf-hidden" role="status">
        {trans('Run %1', stateWord(state, trans).toLowerCase())}
      </p>
      <header className="kf-Run-header">
        <h2>{run.name || trans('Tuning run %1', id.slice(-6))}</h2>
        <StateBadge state={state} />
        <span>
          <span className="kf-hidden">{trans('Elapsed')} </span>
          <Elapsed
            started={run.started ?? search.begun}
            ended={isLive(state) ? null : (run.ended ?? search.end?.time)}
          />
        </span>
        {source && openRun && (
          <button className="kf-link" onClick={() => openRun(source)}>
            {trans('Baseline: run %1', source.slice(-6))}
          </button>
        )}
        <span className="kf-spacer" />
        {isLive(state) ? (
          <CancelButton id={id}>
            {trans(
              'The search stops now. Its finished trials stay, it can be resumed, and the best so far can be registered.'
            )}
          </CancelButton>
        ) : (
          state !== 'done' && <ResumeButton id={id} onResumed={record.retry} />
        )}
        <CopyButton text={tuneCode(run.spec)} label={trans('Copy as code')} />
      </header>
      <Account
        id={id}
        run={run}
        search={search}
        state={state}
        connected={connected}
        page={page}
        update={update}
        onMend={onMend}
      />
      <LogDrawer
        text={search.log}
        label={trans('Log of the run')}
        nothing={trans('The run has printed nothing.')}
      />
    </article>
  );
}

/** The sentence, how far it is, what went wrong, and the results. */
function Account({
  id,
  run,
  search,
  state,
  connected,
  page,
  update,
  onMend
}: {
  id: string;
  run: Run;
  search: Search;
  state: string;
  connected: boolean;
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
        {headline(search, now, objective, state, trans)}
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
      {!connected && live && (
        <Partial>
          {trans(
            'The live connection is lost; trying again. What you see may be some seconds old.'
          )}
        </Partial>
      )}
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
      {search.warnings.map(warning => (
        <p key={warning.seq} className="kf-Warning">
          {warning.text} {warning.hint}
        </p>
      ))}
      {now.best && (
        <Register id={id} live={live} baseline={now.best.number === 0} />
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

function Results({
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
  trials: ReturnType<typeof trialsOf>;
  now: ReturnType<typeof standing>;
  objective: ReturnType<typeof objectiveOf>;
  live: boolean;
  page: PageState;
  update: (change: globalThis.Partial<PageState>) => void;
}): React.ReactElement {
  const { trans } = useHost();
  const { spec } = run;
  const told = spec.tuning?.space;
  const guess = told
    ? null
    : JSON.stringify(
        searched(
          null,
          trials.flatMap(trial =>
            trial.number === 0 ? [] : [trial.event.params]
          )
        )
      );
  const space = useMemo(
    () =>
      guess === null ? searched(told, []) : (JSON.parse(guess) as Parameter[]),
    [told, guess]
  );
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
      <div className="kf-Tune-trials">
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

function ResumeButton({
  id,
  onResumed
}: {
  id: string;
  onResumed: () => void;
}): React.ReactElement {
  const { client, trans } = useHost();
  const [sent, setSent] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const resume = async (): Promise<void> => {
    setSent(true);
    setError(null);
    try {
      await client.request('POST', `runs/${id}/resume`);
      onResumed();
    } catch (reason) {
      const refusal = asApiError(reason);
      // What was asked for may have been done elsewhere.
      if (refusal.status === 409 && (await hasGoneOn(client, id))) {
        onResumed();
      } else {
        setError(refusal.message);
      }
    }
    setSent(false);
  };
  return (
    <>
      <button
        className="jp-Button jp-mod-styled jp-mod-accept"
        disabled={sent}
        onClick={() => void resume()}
      >
        {sent ? trans('Resuming…') : trans('Resume')}
      </button>
      {error && (
        <span role="alert" className="kf-error">
          {error}
        </span>
      )}
    </>
  );
}

/** Whether the run is live, or was so to its result. */
async function hasGoneOn(client: Client, id: string): Promise<boolean> {
  try {
    const { state } = await client.request<Run>('GET', `runs/${id}`);
    return isLive(state) || state === 'done';
  } catch {
    return false;
  }
}
