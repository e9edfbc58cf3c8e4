import * as React from 'react';
import { useLayoutEffect, useRef, useState } from 'react';
import { Confirm } from '../shared/confirm';
import { useHost } from '../shared/host';
import { Refusal, useSending } from '../shared/sending';

/** Ends one trial that runs, once confirmed; the search goes on with the others. */
export function StopTrial({
  run,
  trial,
  onLost
}: {
  /** The id of the search. */
  run: string;
  trial: number;
  /** The trial has ended, and the keyboard was here; the same function each time. */
  onLost: () => void;
}): React.ReactElement {
  const { client, trans } = useHost();
  const sending = useSending();
  const [asking, setAsking] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const here = box.current;
    return () => {
      if (here?.contains(document.activeElement)) {
        onLost();
      }
    };
  }, [onLost]);
  // What was asked for shows in the trial's state.
  const busy = sending.sending || sending.done;
  const stop = (): Promise<unknown> =>
    client.request('POST', `runs/${run}/trials/${trial}/stop`);
  return (
    <div ref={box} className="kf-row">
      <button
        className="jp-Button jp-mod-styled"
        // Not disabled: the keyboard is on it.
        aria-disabled={busy}
        onClick={() => !busy && setAsking(true)}
      >
        {busy ? trans('Stopping…') : trans('Stop trial')}
      </button>
      <Refusal of={sending} />
      {asking && (
        <Confirm
          title={
            trial === 0
              ? trans('Stop the baseline?')
              : trans('Stop trial %1?', trial)
          }
          action={trans('Stop trial')}
          keep={trans('Keep running')}
          danger
          onAccept={() => sending.send(stop)}
          onClose={() => setAsking(false)}
        >
          {trial === 0
            ? trans(
                'It ends now and is not run again, so no trial can be compared with it. The search goes on.'
              )
            : trans(
                'It ends now without a result and is not run again. The search goes on with its other trials.'
              )}
        </Confirm>
      )}
    </div>
  );
}
