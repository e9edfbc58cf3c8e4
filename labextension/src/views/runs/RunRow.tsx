import * as React from 'react';
import { useState } from 'react';
import { moveRow } from '../shared/arrows';
import { Confirm } from '../shared/confirm';
import { brief, exact } from '../shared/format';
import { useHost, type Trans } from '../shared/host';
import { Refusal, useSending } from '../shared/sending';
import { isLive, StateBadge } from '../shared/state';
import { Elapsed, When } from '../shared/time';
import type { Run } from '../shared/types';
import { stepWords } from '../train/words';
import { searchWords } from '../tune/words';

export function runName(run: Run, trans: Trans): string {
  const family = run.spec.model?.family.split(':').pop();
  const kind =
    run.kind === 'evaluate'
      ? trans('Evaluation')
      : run.kind === 'tune'
        ? trans('Tuning of %1', family ?? trans('a model'))
        : (family ?? trans('Run'));
  return run.name || `${kind} ${run.id.slice(-4)}`;
}

/** How far it has come, while it is not done: `5 ended` of the trials of a search, `Epoch 3 of 20`. */
function reachedWords({ reached }: Run, trans: Trans): string {
  if (!reached) {
    return '';
  }
  return reached.unit === 'trial'
    ? trans('%1 ended', reached.done)
    : stepWords({ ...reached, unit: reached.unit, step: reached.done }, trans);
}

/** One run: state, name, key measure, duration, and what can be done with it. */
export function RunRow({
  run,
  picked,
  onPick,
  onChanged
}: {
  run: Run;
  picked: boolean;
  onPick: (on: boolean) => void;
  onChanged: () => void;
}): React.ReactElement {
  const { client, trans, openRun, openTune } = useHost();
  const [asking, setAsking] = useState(false);
  const acting = useSending();
  const live = isLive(run.state);
  const name = runName(run, trans);
  const how = [
    run.spec.tuning
      ? searchWords(run.spec.tuning, trans) || trans('tuning')
      : '',
    reachedWords(run, trans)
  ]
    .filter(Boolean)
    .join(', ');
  const act = async (): Promise<void> => {
    await (live
      ? client.request('POST', `runs/${run.id}/cancel`)
      : client.request('DELETE', `runs/${run.id}`));
    onChanged();
  };
  return (
    <li className="kf-RunRow">
      <input
        type="checkbox"
        checked={picked}
        aria-label={trans('Choose %1 for comparison', name)}
        onChange={event => onPick(event.target.checked)}
      />
      <button
        className="kf-link kf-RunRow-name"
        data-name
        onKeyDown={moveRow}
        onClick={() =>
          run.kind === 'tune' && openTune
            ? openTune({ id: run.id })
            : openRun?.(run.id)
        }
        title={trans('Open %1', name)}
      >
        {name}
      </button>
      <StateBadge state={run.state} />
      <span className="kf-RunRow-facts">
        {run.kind === 'evaluate' && <span>{trans('test part')}</span>}
        {how && <span>{how}</span>}
        {run.best && (
          <span className="kf-number" title={exact(run.best.value)}>
            {run.best.metric} {brief(run.best.value)}
            {run.best.trial === 0
              ? trans(' (the baseline)')
              : typeof run.best.trial === 'number'
                ? trans(' (trial %1)', run.best.trial)
                : ''}
          </span>
        )}
        <Elapsed started={run.started} ended={run.ended} />
        <When time={run.created} />
        <button
          className="kf-link"
          aria-label={
            live ? trans('Cancel %1', name) : trans('Delete %1', name)
          }
          onClick={() => setAsking(true)}
        >
          {live ? trans('Cancel') : trans('Delete')}
        </button>
      </span>
      {run.state === 'failed' && run.text && (
        <span className="kf-error kf-RunRow-text">{run.text}</span>
      )}
      <Refusal of={acting} className="kf-RunRow-text" />
      {asking && (
        <Confirm
          title={live ? trans('Cancel %1?', name) : trans('Delete %1?', name)}
          action={live ? trans('Cancel run') : trans('Delete run')}
          keep={live ? trans('Keep running') : trans('Keep it')}
          danger
          onAccept={() => acting.send(act)}
          onClose={() => setAsking(false)}
        >
          {!live
            ? trans(
                'Its curves, log and saved files go. What is recorded in the metadata stays.'
              )
            : run.kind === 'tune'
              ? trans(
                  'It stops now. Its finished trials stay, and it can be resumed.'
                )
              : trans(
                  'It stops now and its model is not kept. Its curves, log and record stay in this list.'
                )}
        </Confirm>
      )}
    </li>
  );
}
