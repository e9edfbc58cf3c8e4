import * as React from 'react';
import { useState } from 'react';
import { Confirm } from './confirm';
import { useHost } from './host';
import { Refusal, useSending } from './sending';

/** Stops a run, after asking; its children say what goes and what stays. */
export function CancelButton({
  id,
  children
}: {
  id: string;
  children: React.ReactNode;
}): React.ReactElement {
  const { client, trans } = useHost();
  const [asked, setAsked] = useState(false);
  const cancelling = useSending();
  // Its end is told by its events.
  const sent = cancelling.sending || cancelling.done;
  return (
    <>
      <button
        className="jp-Button jp-mod-styled jp-mod-warn"
        disabled={sent}
        onClick={() => setAsked(true)}
      >
        {sent ? trans('Cancelling…') : trans('Cancel run')}
      </button>
      <Refusal of={cancelling} />
      {asked && (
        <Confirm
          title={trans('Cancel this run?')}
          action={trans('Cancel run')}
          keep={trans('Keep running')}
          danger
          onAccept={() =>
            cancelling.send(() => client.request('POST', `runs/${id}/cancel`))
          }
          onClose={() => setAsked(false)}
        >
          {children}
        </Confirm>
      )}
    </>
  );
}
