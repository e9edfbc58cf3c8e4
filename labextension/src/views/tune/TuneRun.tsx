import * as React from 'react';
import { useCallback, useState } from 'react';
import { useHost } from '../shared/host';
import { tuneCode } from '../shared/python';
import { RunFrame } from '../shared/runFrame';
import { isLive } from '../shared/state';
import { Account } from './Account';
import { MoreTrials, ResumeButton } from './GoOn';
import { restorePage, type PageState } from './page';
import { useSearch } from './useSearch';
import { searchWords } from './words';

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
  const followed = useSearch(id);
  const [page, setPage] = useState(() => restorePage(stored));
  const update = useCallback(
    (change: Partial<PageState>): void => {
      const next = { ...page, ...change };
      setPage(next);
      onState?.(next);
    },
    [page, onState]
  );

  const { trials, warnings, end } = followed.live;
  const tried = Math.max(0, trials.length - 1);
  const exhausted = warnings.some(({ code }) => code === 'space-exhausted');

  return (
    <RunFrame
      id={id}
      followed={followed}
      title={trans('Tuning run %1', id.slice(-6))}
      className="kf-TuneRun"
      loss={trans(
        'The search stops now. Its finished trials stay, it can be resumed, and the best so far can be registered.'
      )}
      code={tuneCode}
      origin={({ spec: { from, tuning } }) => (
        <>
          {tuning && <span>{searchWords(tuning, trans)}</span>}
          {from && openRun && (
            <button className="kf-link" onClick={() => openRun(from.run)}>
              {trans('Baseline: run %1', from.run.slice(-6))}
            </button>
          )}
        </>
      )}
      actions={(_, state) =>
        !isLive(state) &&
        (state !== 'done' ? (
          <ResumeButton id={id} onResumed={followed.record.retry} />
        ) : (
          // Once all of its log is here.
          end &&
          !exhausted && (
            <MoreTrials
              id={id}
              tried={tried}
              onResumed={followed.record.retry}
            />
          )
        ))
      }
    >
      {(run, state) => (
        <Account
          run={run}
          search={followed.live}
          state={state}
          page={page}
          update={update}
          onMend={onMend}
        />
      )}
    </RunFrame>
  );
}
