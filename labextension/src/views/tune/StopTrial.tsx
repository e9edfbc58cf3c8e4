import * as React from 'react';
import { useState } from 'react';
import { Confirm } from '../shared/confirm';
import { useHost } from '../shared/host';
import { Refusal, useSending } from '../shared/sending';

/** Ends one trial that runs, once confirmed; the search goes on with the others. */
export function StopTrial({
  run,
  trial,
  name
}: {
  /** The id of the search. */
  run: string;
  trial: number;
  name: string;
}): React.ReactElement {
  const { client, trans } = useHost();
  const sending = useSending();
  const [asking, setAsking] = useState(false);
  const stop = (): Promise<unknown> =>
    client.request('POST', `runs/${run}/trials/${trial}/stop`);
  return (
    <div className="kf-row">
      <button
        className="jp-Button jp-mod-styled"
        // What was asked for shows in the trial's state.
        disabled={sending.sending || sending.done}
        onClick={() => setAsking(true)}
      >
        {sending.sending || sending.done
          ? trans('Stopping…')
          : trans('Stop trial')}
      </button>
      <Refusal of={sending} />
      {asking && (
        <Confirm
          title={trans('Stop %1?', name)}
          action={trans('Stop trial')}
          keep={trans('Keep running')}
          danger
          onAccept={() => sending.send(stop)}
          onClose={() => setAsking(false)}
        >
          {trans(
            'It ends now without a result. The search goes on with its other trials.'
          )}
        </Confirm>
      )}
    </div>
  );
}
