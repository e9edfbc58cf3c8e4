import * as React from 'react';
import { useEffect, useState } from 'react';
import type { Metric } from '../shared/types';
import { Confirm } from '../shared/confirm';
import { useHost } from '../shared/host';
import { Icon } from '../shared/icons';
import { Failure } from '../shared/panels';
import { query, useRequest } from '../shared/request';
import { Refusal, useSending } from '../shared/sending';
import { useStartRun } from '../shared/startRun';
import { isLive, StateBadge } from '../shared/state';
import type { Page, Run } from '../shared/types';
import { measures } from './live';
import { Metrics } from './Metrics';
import { Predictions } from './Predictions';
import { Progress } from './Progress';
import { stateOf, useRun } from './useRun';
import { headline } from './words';

/** The last step: the locked test part, opened once, on purpose and on record. */
export function Evaluate({
  run,
  validation,
  onState
}: {
  run: Run;
  validation: Record<string, Metric>;
  onState?: (of: 'evaluate', state: string) => void;
}): React.ReactElement {
  const { trans } = useHost();
  const startRun = useStartRun();
  const [asked, setAsked] = useState(false);
  const [started, setStarted] = useState<string | null>(null);
  const evaluating = useSending();
  const { sending } = evaluating;
  const known = useRequest<Page<Run>>(
    query('runs', { kind: 'evaluate', limit: 500 })
  );
  const before = known.data?.items.filter(
    item => item.spec.from?.run === run.id
  );
  const evaluation = started ?? before?.[0]?.id ?? null;

  const evaluate = async (): Promise<void> =>
    setStarted(await startRun(`runs/${run.id}/evaluate`, {}));

  return (
    <section className="kf-Evaluate" aria-label={trans('Test part')}>
      <h3>{trans('Test part')}</h3>
      {evaluation ? (
        <Evaluation id={evaluation} validation={validation} onState={onState} />
      ) : (
        <>
          <p>
            <Icon glyph="lock" />{' '}
            {trans(
              'The test part is locked: training and this page keep to the other rows.'
            )}
          </p>
          <button
            className="jp-Button jp-mod-styled jp-mod-accept"
            disabled={sending || known.loading}
            onClick={() => setAsked(true)}
          >
            {sending ? trans('Starting…') : trans('Evaluate on the test part')}
          </button>
          {known.error && (
            <Failure
              error={known.error}
              what={trans('Earlier evaluations could not be read.')}
              retry={known.retry}
            />
          )}
        </>
      )}
      <Refusal of={evaluating} />
      {asked && (
        <Confirm
          title={trans('Unlock the test part?')}
          action={trans('Unlock and evaluate')}
          keep={trans('Keep it locked')}
          onAccept={() => evaluating.send(evaluate)}
          onClose={() => setAsked(false)}
        >
          {trans(
            'The model is scored on rows it has never seen. That this was done, and when, is recorded with the model: choosing between models by their test scores afterwards would make those scores too good.'
          )}
        </Confirm>
      )}
    </section>
  );
}

function Evaluation({
  id,
  validation,
  onState
}: {
  id: string;
  validation: Record<string, Metric>;
  onState?: (of: 'evaluate', state: string) => void;
}): React.ReactElement {
  const { trans } = useHost();
  const { live, record } = useRun(id);
  const state = stateOf(live, record.data ?? record.last);
  useEffect(() => onState?.('evaluate', state), [onState, state]);
  return (
    <>
      <p>
        <StateBadge state={state} /> {headline(live, trans)}
      </p>
      {isLive(state) ? (
        <Progress live={live} stages={['load', 'score']} />
      ) : (
        <Metrics validation={validation} test={measures(live, 'test')} />
      )}
      {live.test && <Predictions prediction={live.test} />}
    </>
  );
}
