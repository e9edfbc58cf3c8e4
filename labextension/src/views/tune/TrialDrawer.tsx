import * as React from 'react';
import { useCallback, useMemo, useRef } from 'react';
import { CopyButton } from '../shared/copy';
import { brief, exact, toNumber, duration } from '../shared/format';
import { useHost, type Trans } from '../shared/host';
import { LogDrawer } from '../shared/logDrawer';
import { literal } from '../shared/python';
import { Warnings } from '../shared/runFrame';
import { When } from '../shared/time';
import type { Run, RunSpec } from '../shared/types';
import { Curves } from '../train/Curves';
import { metricWord } from '../train/words';
import type { Objective } from './best';
import { listed, type Trace, type Trial } from './search';
import { StopTrial } from './StopTrial';
import { shown } from './table';
import { TrialBadge } from './TrialBadge';
import { useThrottled } from './useThrottled';
import { bestWords, trialName, trialState, trialStateWord } from './words';

const EVERY = 200;

/** One trial beside the baseline: what differs, its curve, what it measured and said, and why it failed. */
export function TrialDrawer({
  run: { id, spec },
  trial,
  trace,
  baseline,
  best,
  objective,
  resource,
  live,
  onClose
}: {
  run: Run;
  trial: Trial;
  trace?: Trace;
  baseline: Trial | null;
  best: boolean;
  objective: Objective;
  /** What hyperband gives more and more of. */
  resource?: string;
  live: boolean;
  onClose: () => void;
}): React.ReactElement {
  const { trans } = useHost();
  const { event } = trial;
  const name = trialName(trial.number, trans);
  const heading = useRef<HTMLHeadingElement>(null);
  const toHeading = useCallback(() => heading.current?.focus(), []);
  const drawn = useThrottled(trace, EVERY);
  const epochs = useMemo(() => (drawn ? listed(drawn.epochs) : []), [drawn]);
  const seconds =
    event.seconds === null || event.seconds === undefined
      ? null
      : toNumber(event.seconds);
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- Esc closes it from anywhere inside
    <section
      className="kf-Details kf-Trial"
      aria-label={name}
      onKeyDown={key => {
        // A question in it is closed first.
        if (
          key.key === 'Escape' &&
          !(key.target as Element).closest('dialog')
        ) {
          onClose();
        }
      }}
    >
      <div className="kf-row">
        <h2 ref={heading} tabIndex={-1}>
          {name}
        </h2>
        <TrialBadge trial={trial} trace={trace} live={live} />
        <span role="status" className="kf-hidden">
          {trans('State: %1', trialStateWord(trialState(trial, live), trans))}
        </span>
        <span className="kf-spacer" />
        <button className="kf-link" onClick={onClose}>
          {trans('Close')}
          <span className="kf-hidden"> {name}</span>
        </button>
      </div>
      {best && (
        <p>
          {trans('Best: %1.', bestWords(trial, baseline, objective, trans))}
        </p>
      )}
      <dl className="kf-Facts">
        {trial.value !== null && (
          <>
            <dt>{metricWord(objective.metric)}</dt>
            <dd className="kf-number" title={exact(event.value)}>
              {brief(event.value)}
              {event.std !== null && event.std !== undefined
                ? ` ± ${brief(event.std)}`
                : ''}
            </dd>
          </>
        )}
        {seconds !== null && (
          <>
            <dt>{trans('Duration')}</dt>
            <dd className="kf-number">{duration(seconds * 1000)}</dd>
          </>
        )}
        {event.resource && (
          <>
            <dt>{trans('Given')}</dt>
            <dd className="kf-number">
              {event.resource} {resource ?? ''}
            </dd>
          </>
        )}
        {trial.began && (
          <>
            <dt>{trans('Began')}</dt>
            <dd>
              <When time={trial.began} />
              {trial.times > 1 &&
                ` ${trans('(for the %1. time, as it was cut off before)', trial.times)}`}
            </dd>
          </>
        )}
      </dl>
      {live && event.state === 'running' && (
        <StopTrial run={id} trial={trial.number} onLost={toHeading} />
      )}
      {event.text && (
        <p className={event.state === 'failed' ? 'kf-error' : undefined}>
          {event.text}
        </p>
      )}
      {event.traceback && (
        <details className="kf-Drawer">
          <summary>{trans('Where it failed')}</summary>
          <pre>{event.traceback}</pre>
        </details>
      )}
      <Warnings of={trace?.warnings ?? []} />
      <Comparison
        title={trans('Parameters')}
        rows={paramRows(trial, baseline, spec, trans)}
        own={name}
        alone={trial.number === 0 || baseline === null}
      />
      <CopyButton
        text={literal(event.params)}
        label={trans('Copy the parameters')}
        small
      />
      <Comparison
        title={trans('Measures')}
        rows={metricRows(trial, baseline)}
        own={name}
        alone={trial.number === 0 || baseline === null}
        mark={false}
      />
      <Curves epochs={epochs} />
      <LogDrawer
        text={trace?.log ?? ''}
        label={trans('Log of %1', name)}
        nothing={trans('The trial has printed nothing.')}
      />
    </section>
  );
}

export interface CompareRow {
  name: string;
  own: string;
  other: string;
  differs: boolean;
  title?: string;
}

/**
 * Each parameter of the trial and of the baseline. What a trial was not given is the model's own: as in the baseline,
 * unless the search has a baseline of its own.
 */
function paramRows(
  trial: Trial,
  baseline: Trial | null,
  { model, tuning }: RunSpec,
  trans: Trans
): CompareRow[] {
  const other = baseline?.event.params ?? {};
  const apart = Object.keys(trial.number === 0 ? {} : (tuning?.baseline ?? {}));
  const own: Record<string, unknown> = {
    ...other,
    ...Object.fromEntries(
      apart.map(name => [name, model?.params?.[name] ?? trans('default')])
    ),
    ...trial.event.params
  };
  return Object.entries(own)
    .map(([name, value]) => ({
      name,
      own: shown(value),
      other: shown(other[name]),
      differs: name in other && value !== other[name],
      title: exact(value)
    }))
    .sort((a, b) => Number(b.differs) - Number(a.differs));
}

function metricRows(trial: Trial, baseline: Trial | null): CompareRow[] {
  const own = trial.event.metrics ?? {};
  const other = baseline?.event.metrics ?? {};
  return Object.keys(own).map(name => ({
    name: metricWord(name),
    own: brief(own[name]),
    other: brief(other[name]),
    differs: false,
    title: exact(own[name])
  }));
}

function Comparison({
  title,
  rows,
  own,
  alone,
  mark = true
}: {
  title: string;
  rows: readonly CompareRow[];
  own: string;
  /** Whether there is nothing to compare with. */
  alone: boolean;
  mark?: boolean;
}): React.ReactElement | null {
  const { trans } = useHost();
  if (rows.length === 0) {
    return null;
  }
  return (
    <table className="kf-Table kf-Trial-compare">
      <thead>
        <tr>
          <th scope="col">{title}</th>
          <th scope="col" className="kf-number">
            {own}
          </th>
          {!alone && (
            <th scope="col" className="kf-number">
              {trans('Baseline')}
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {rows.map(row => (
          <tr
            key={row.name}
            className={mark && !alone && row.differs ? 'kf-mod-differs' : ''}
          >
            <th scope="row">
              {row.name}
              {mark && !alone && row.differs && (
                <span className="kf-hidden"> {trans('(differs)')}</span>
              )}
            </th>
            <td className="kf-number" title={row.title}>
              {row.own || '–'}
            </td>
            {!alone && <td className="kf-number">{row.other || '–'}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
