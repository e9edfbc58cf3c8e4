import * as React from 'react';
import { useEffect } from 'react';
import { CancelButton } from '../shared/cancel';
import { CopyButton } from '../shared/copy';
import { FailedWhy } from '../shared/failed';
import { useHost } from '../shared/host';
import { LogDrawer } from '../shared/logDrawer';
import { Empty, Failure, Loading, Partial } from '../shared/panels';
import { trainCode } from '../shared/python';
import { isLive, StateBadge, stateWord } from '../shared/state';
import { Elapsed } from '../shared/time';
import { Curves } from './Curves';
import { stepOf } from './draft';
import { Evaluate } from './Evaluate';
import { measures, type Live } from './live';
import { Metrics } from './Metrics';
import { Predictions } from './Predictions';
import { Progress } from './Progress';
import { stepName, type Seen } from './steps';
import { stateOf, useRun } from './useRun';
import { headline, overfitWords } from './words';

/** One run: live while it runs, the same page afterwards. */
export function RunView({
  id,
  part = 'all',
  onState,
  onMend
}: {
  id: string;
  part?: 'all' | 'evaluate';
  /** Hears the states of the split, of the training and of its evaluation on the test part. */
  onState?: (of: keyof Seen, state: string) => void;
  /** Leads to the field that made the run fail, with what is wrong with it. */
  onMend?: (field: string, text: string) => void;
}): React.ReactElement {
  const { trans, openTune } = useHost();
  const { live, connected, record } = useRun(id);
  const run = record.data ?? record.last;
  const state = stateOf(live, run);
  useEffect(() => onState?.('train', state), [onState, state]);
  const split = live.stages.includes('split');
  useEffect(() => {
    if (split) {
      onState?.('split', 'done');
    }
  }, [onState, split]);

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
  return (
    <article className="kf-Run" aria-label={run.name || id}>
      <header className="kf-Run-header">
        <h2>{run.name || trans('Run %1', id.slice(-6))}</h2>
        <StateBadge state={state} />
        <span>
          <span className="kf-hidden">{trans('Elapsed')} </span>
          <Elapsed started={run.started ?? live.begun} ended={run.ended} />
        </span>
        <span className="kf-spacer" />
        {isLive(state) && (
          <CancelButton id={id}>
            {trans(
              'Training stops now and its model is not kept. Its curves, log and record stay in the list of runs.'
            )}
          </CancelButton>
        )}
        {run.kind === 'train' && state === 'done' && openTune && (
          <button
            className="jp-Button jp-mod-styled"
            onClick={() => openTune({ run: id })}
          >
            {trans('Tune this model')}
          </button>
        )}
        <CopyButton text={trainCode(run.spec)} label={trans('Copy as code')} />
      </header>
      <p className="kf-headline">{headline(live, trans)}</p>
      <p className="kf-hidden" role="status">
        {trans('Run %1', stateWord(state, trans).toLowerCase())}
      </p>
      {!connected && isLive(state) && (
        <Partial>
          {trans(
            'The live connection is lost; trying again. What you see may be some seconds old.'
          )}
        </Partial>
      )}
      <Findings live={live} onMend={onMend} />
      {isLive(state) && <Progress live={live} />}
      {part === 'all' && <Results live={live} state={state} />}
      {run.kind === 'train' && state === 'done' && (
        <Evaluate
          run={run}
          validation={measures(live, 'validation')}
          onState={onState}
        />
      )}
      {part === 'evaluate' && state !== 'done' && (
        <p>
          {isLive(state)
            ? trans('The test part can be unlocked once training is done.')
            : trans('Only a run that is done has a model to evaluate.')}
        </p>
      )}
      <LogDrawer
        text={live.log}
        label={trans('Log of the run')}
        nothing={trans('The run has printed nothing.')}
      />
    </article>
  );
}

/** Overfitting, warnings and the reason of a failure, each with what to do. */
function Findings({
  live,
  onMend
}: {
  live: Live;
  onMend?: (field: string, text: string) => void;
}): React.ReactElement {
  const { trans } = useHost();
  const overfit = overfitWords(live, trans);
  const failed = live.end?.type === 'failed' ? live.end : null;
  return (
    <>
      {overfit && <p className="kf-Warning">{overfit}</p>}
      {live.warnings.map(warning => (
        <p key={warning.seq} className="kf-Warning">
          {warning.text} {warning.hint}
        </p>
      ))}
      {failed && (
        <FailedWhy
          failed={failed}
          mend={field =>
            trans('Change it in %1', stepName(stepOf(field), trans))
          }
          onMend={onMend}
        />
      )}
    </>
  );
}

function Results({
  live,
  state
}: {
  live: Live;
  state: string;
}): React.ReactElement {
  const { trans } = useHost();
  const nothing =
    live.epochs.length === 0 && !live.prediction && live.metrics.length === 0;
  if (nothing) {
    return isLive(state) ? (
      <Loading
        what={trans('The first results will be here in a moment')}
        rows={5}
      />
    ) : (
      <Empty title={trans('This run ended before its first result.')}>
        {live.log
          ? trans('The log below has what it said.')
          : trans('It has printed nothing.')}
      </Empty>
    );
  }
  return (
    <div className="kf-Run-results">
      <Curves epochs={live.epochs} />
      <Metrics
        validation={measures(live, 'validation')}
        test={measures(live, 'test')}
      />
      {live.prediction && <Predictions prediction={live.prediction} />}
      {live.test && <Predictions prediction={live.test} />}
    </div>
  );
}
