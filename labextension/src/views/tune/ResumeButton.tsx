import * as React from 'react';
import { useState } from 'react';
import type { Client } from '../client';
import { asApiError, useHost } from '../shared/host';
import { isLive } from '../shared/state';
import type { Run } from '../shared/types';

/** Lets a search that ended without its result go on. */
export function ResumeButton({
  id,
  onResumed
}: {
  id: string;
  onResumed: () => void;
}): React.ReactElement {
  const { client, trans } = useHost();
  const [sent, setSent] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const resume = async (): Promise<void> => {
    setSent(true);
    setError(null);
    try {
      await client.request('POST', `runs/${id}/resume`);
      onResumed();
    } catch (reason) {
      const refusal = asApiError(reason);
      // What was asked for may have been done elsewhere.
      if (refusal.status === 409 && (await hasGoneOn(client, id))) {
        onResumed();
      } else {
        setError(refusal.message);
      }
    }
    setSent(false);
  };
  return (
    <>
      <button
        className="jp-Button jp-mod-styled jp-mod-accept"
        disabled={sent}
        onClick={() => void resume()}
      >
        {sent ? trans('Resuming…') : trans('Resume')}
      </button>
      {error && (
        <span role="alert" className="kf-error">
          {error}
        </span>
      )}
    </>
  );
}

/** Whether the run is live, or was so to its result. */
async function hasGoneOn(client: Client, id: string): Promise<boolean> {
  try {
    const { state } = await client.request<Run>('GET', `runs/${id}`);
    return isLive(state) || state === 'done';
  } catch {
    return false;
  }
}
