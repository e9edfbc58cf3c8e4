import * as React from 'react';
import { useEffect } from 'react';
import { FailedWhy } from '../shared/failed';
import { useHost } from '../shared/host';
import { Empty, Loading } from '../shared/panels';
import { trainCode } from '../shared/python';
import { RunFrame, Warnings } from '../shared/runFrame';
import { isLive } from '../shared/state';
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
  const followed = useRun(id);
  const { live, record } = followed;
  const state = stateOf(live, record.data ?? record.last);
  useEffect(() => onState?.('train', state), [onState, state]);
  const split = live.stages.includes('split');
  useEffect(() => {
    if (split) {
      onState?.('split', 'done');
    }
  }, [onState, split]);

  return (
    <RunFrame
      id={id}
      followed={followed}
      title={trans('Run %1', id.slice(-6))}
      loss={trans(
        'Training stops now and its model is not kept. Its curves, log and record stay in the list of runs.'
      )}
      code={trainCode}
      actions={run =>
        run.kind === 'train' &&
        state === 'done' &&
        openTune && (
          <button
            className="jp-Button jp-mod-styled"
            onClick={() => openTune({ run: id })}
          >
            {trans('Tune this model')}
          </button>
        )
      }
    >
      {run => (
        <>
          <p className="kf-headline">{headline(live, trans)}</p>
          {run.spec.training?.refit === 'train+validation' &&
            (state === 'done' || isLive(state)) && (
              <p>
                {trans(
                  'The model that is recorded is fitted once more, on train+validation; the measures and the curves here are of the fit before, on the train part alone.'
                )}
              </p>
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
        </>
      )}
    </RunFrame>
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
      <Warnings of={live.warnings} />
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
