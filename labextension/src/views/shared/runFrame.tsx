import * as React from 'react';
import { CancelButton } from './cancel';
import { CopyButton } from './copy';
import { stateOf, type Followable, type Followed } from './follow';
import { useHost } from './host';
import { LogDrawer } from './logDrawer';
import { Failure, Loading, Partial } from './panels';
import type { Loaded } from './request';
import { isLive, StateBadge, stateWord } from './state';
import { Elapsed } from './time';
import type { Run, WarningEvent } from './types';

/** The record of a run once it is here, and until then what stands in its place. */
export function Recorded({
  record,
  children
}: {
  record: Loaded<Run>;
  children: (run: Run) => React.ReactNode;
}): React.ReactElement {
  const { trans } = useHost();
  const run = record.data ?? record.last;
  if (run) {
    return <>{children(run)}</>;
  }
  return record.error ? (
    <Failure
      error={record.error}
      what={trans('This run could not be read.')}
      retry={record.retry}
    />
  ) : (
    <Loading what={trans('Loading the run')} rows={8} />
  );
}

/** What each account of a run's events says besides. */
interface Told extends Followable {
  begun: string | null;
  log: string;
}

interface FrameProps {
  id: string;
  followed: Followed<Told>;
  /** What it is called where it has no name. */
  title: string;
  className?: string;
  /** What goes and what stays when it is cancelled. */
  loss: string;
  code: (spec: Run['spec']) => string;
  /** Beside its name. */
  origin?: (run: Run) => React.ReactNode;
  /** What can be done with it, besides cancelling it and copying its code. */
  actions?: (run: Run, state: string) => React.ReactNode;
  children: (run: Run, state: string) => React.ReactNode;
}

/** The page of a run, of whatever kind: what it is and how it stands, what can be done with it, its log. */
export function RunFrame({
  id,
  followed: { live, connected, record },
  title,
  className = '',
  loss,
  code,
  origin,
  actions,
  children
}: FrameProps): React.ReactElement {
  const { trans } = useHost();
  const page = (run: Run): React.ReactElement => {
    const state = stateOf(live, run);
    const open = isLive(state);
    return (
      <article
        className={`kf-Run ${className}`.trim()}
        aria-label={run.name || id}
      >
        <p className="kf-hidden" role="status">
          {trans('Run %1', stateWord(state, trans).toLowerCase())}
        </p>
        <header className="kf-Run-header">
          <h2>{run.name || title}</h2>
          <StateBadge state={state} />
          <span>
            <span className="kf-hidden">{trans('Elapsed')} </span>
            <Elapsed
              started={run.started ?? live.begun}
              ended={open ? null : (run.ended ?? live.end?.time)}
            />
          </span>
          {origin?.(run)}
          <span className="kf-inline kf-Run-id">
            {id} <CopyButton small text={id} label={trans('Copy id')} />
          </span>
          <span className="kf-spacer" />
          {open && <CancelButton id={id}>{loss}</CancelButton>}
          {actions?.(run, state)}
          <CopyButton text={code(run.spec)} label={trans('Copy as code')} />
        </header>
        {!connected && open && (
          <Partial>
            {trans(
              'The live connection is lost; trying again. What you see may be some seconds old.'
            )}
          </Partial>
        )}
        {children(run, state)}
        <LogDrawer
          text={live.log}
          label={trans('Log of the run')}
          nothing={trans('The run has printed nothing.')}
        />
      </article>
    );
  };
  return <Recorded record={record}>{page}</Recorded>;
}

/** What a run, or one trial of it, warns of, each with what to do. */
export function Warnings({
  of
}: {
  of: readonly WarningEvent[];
}): React.ReactElement {
  return (
    <>
      {of.map(warning => (
        <p key={warning.seq} className="kf-Warning">
          {warning.text} {warning.hint}
        </p>
      ))}
    </>
  );
}
