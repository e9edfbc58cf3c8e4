import * as React from 'react';
import { useState } from 'react';
import { useHost } from '../shared/host';
import { Empty, Failure, Loading, Partial } from '../shared/panels';
import { useRequest } from '../shared/request';
import type { Page, Run } from '../shared/types';
import { Compare } from './Compare';
import {
  ALL,
  GROUPS,
  groupWord,
  restoreRuns,
  runsPath,
  type RunsState
} from './filter';
import { RunRow } from './RunRow';

const EVERY = 3000;

/** All runs, newest first, live. */
export function RunsView({
  stored,
  onState
}: {
  stored?: unknown;
  onState?: (state: RunsState) => void;
}): React.ReactElement {
  const { trans, openTrain } = useHost();
  const [state, setState] = useState(() => restoreRuns(stored));
  const [picked, setPicked] = useState<readonly string[]>([]);
  const [comparing, setComparing] = useState(false);
  const list = useRequest<Page<Run>>(runsPath(state), EVERY);
  const page = list.data ?? list.last;
  const runs = page?.items ?? [];
  const compared = runs.filter(run => picked.includes(run.id));
  const update = (next: RunsState): void => {
    setState(next);
    onState?.(next);
  };

  return (
    <div className="kf-Runs">
      <div className="kf-Chips" role="group" aria-label={trans('State')}>
        {GROUPS.map(group => (
          <button
            key={group}
            className="kf-Chip"
            aria-pressed={state.group === group}
            onClick={() => update({ group })}
          >
            {groupWord(group, trans)}
          </button>
        ))}
      </div>
      {list.error && page && (
        <Partial retry={list.retry}>
          {trans('The list may be old: the server did not answer.')}
        </Partial>
      )}
      {compared.length > 0 && (
        <div className="kf-row">
          <span>{trans('%1 chosen', compared.length)}</span>
          <button
            className="jp-Button jp-mod-styled"
            disabled={compared.length < 2}
            onClick={() => setComparing(!comparing)}
            aria-expanded={comparing && compared.length > 1}
          >
            {comparing && compared.length > 1
              ? trans('Hide comparison')
              : trans('Compare')}
          </button>
          {compared.length < 2 && (
            <span className="kf-help">{trans('Choose 2 or more.')}</span>
          )}
        </div>
      )}
      {comparing && compared.length > 1 && <Compare runs={compared} />}
      {list.error && !page ? (
        <Failure
          error={list.error}
          what={trans('The runs could not be read.')}
          retry={list.retry}
        />
      ) : !page ? (
        <Loading what={trans('Loading the runs')} rows={8} />
      ) : runs.length === 0 ? (
        state.group === ALL ? (
          <Empty
            title={trans('No runs yet')}
            action={openTrain && trans('Train a model')}
            onAction={openTrain}
          >
            {trans(
              'A run is one training, search or evaluation. Each one is listed here, with its state and best measure.'
            )}
          </Empty>
        ) : (
          <Empty
            title={trans('None of the runs is in this state')}
            action={trans('Show all runs')}
            onAction={() => update({ group: ALL })}
          />
        )
      ) : (
        <ul className="kf-Runs-list" aria-label={trans('Runs')}>
          {runs.map(run => (
            <RunRow
              key={run.id}
              run={run}
              picked={picked.includes(run.id)}
              onPick={on =>
                setPicked(
                  on
                    ? [...picked, run.id]
                    : picked.filter(other => other !== run.id)
                )
              }
              onChanged={list.retry}
            />
          ))}
        </ul>
      )}
      {page && page.items.length < page.total && (
        <p className="kf-help">
          {trans('The newest %1 of %2.', page.items.length, page.total)}
        </p>
      )}
    </div>
  );
}
