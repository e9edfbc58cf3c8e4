import * as React from 'react';
import type { Client } from '../client';
import { asApiError, useHost } from '../shared/host';
import { Refusal, useSending } from '../shared/sending';
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
  const resuming = useSending();
  const resume = async (): Promise<void> => {
    try {
      await client.request('POST', `runs/${id}/resume`);
    } catch (reason) {
      // What was asked for may have been done elsewhere.
      if (asApiError(reason).status !== 409 || !(await hasGoneOn(client, id))) {
        throw reason;
      }
    }
    onResumed();
  };
  return (
    <>
      <button
        className="jp-Button jp-mod-styled jp-mod-accept"
        disabled={resuming.sending}
        onClick={() => resuming.send(resume)}
      >
        {resuming.sending ? trans('Resuming…') : trans('Resume')}
      </button>
      <Refusal of={resuming} />
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
