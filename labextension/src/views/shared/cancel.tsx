import * as React from 'react';
import { useState } from 'react';
import { Confirm } from './confirm';
import { asApiError, useHost } from './host';

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
  const [sent, setSent] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const cancel = (): void => {
    setSent(true);
    setError(null);
    client.request('POST', `runs/${id}/cancel`).catch((reason: unknown) => {
      setSent(false);
      setError(asApiError(reason).message);
    });
  };
  return (
    <>
      <button
        className="jp-Button jp-mod-styled jp-mod-warn"
        disabled={sent}
        onClick={() => setAsked(true)}
      >
        {sent ? trans('Cancelling…') : trans('Cancel run')}
      </button>
      {error && (
        <span role="alert" className="kf-error">
          {error}
        </span>
      )}
      {asked && (
        <Confirm
          title={trans('Cancel this run?')}
          action={trans('Cancel run')}
          keep={trans('Keep running')}
          danger
          onAccept={cancel}
          onClose={() => setAsked(false)}
        >
          {children}
        </Confirm>
      )}
    </>
  );
}
