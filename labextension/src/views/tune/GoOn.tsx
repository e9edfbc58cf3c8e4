import * as React from 'react';
import { useEffect, useRef, useState } from 'react';
import type { BudgetChange } from '../../api/types';
import type { Client } from '../client';
import { TextField } from '../shared/field';
import { asApiError, useHost } from '../shared/host';
import { Refusal, useSending, type Sending } from '../shared/sending';
import { isLive } from '../shared/state';
import type { Run } from '../shared/types';
import type { Errors } from '../shared/useStart';
import { wholeNumbers } from '../shared/whole';

const FIELD = 'budget.trials';
/** As many as the server takes. */
const MOST = 10_000;

/** Lets a search that ended without its result go on. */
export function ResumeButton(props: {
  id: string;
  onResumed: () => void;
}): React.ReactElement {
  const { trans } = useHost();
  const { sending, resume } = useResume(props.id, props.onResumed);
  return (
    <>
      <button
        className="jp-Button jp-mod-styled jp-mod-accept"
        disabled={sending.sending}
        onClick={() => resume({})}
      >
        {sending.sending ? trans('Resuming…') : trans('Resume')}
      </button>
      <Refusal of={sending} />
    </>
  );
}

/** Lets a search that is done go on with more trials than the `tried` that it has had. */
export function MoreTrials({
  id,
  tried,
  onResumed
}: {
  id: string;
  tried: number;
  onResumed: () => void;
}): React.ReactElement {
  const { trans } = useHost();
  const { sending, resume } = useResume(id, onResumed);
  const [typed, setTyped] = useState<string | null>(null);
  const [wrong, setWrong] = useState<string | null>(null);
  const form = useRef<HTMLFormElement>(null);
  // Whoever opens it is in its field with the keyboard.
  const asked = typed !== null;
  useEffect(() => {
    if (asked) {
      const field = form.current?.querySelector('input');
      field?.focus();
      field?.select();
    }
  }, [asked]);
  const open = (): void => setTyped(String(Math.min(MOST, 2 * tried)));
  if (typed === null) {
    return (
      <button className="jp-Button jp-mod-styled" onClick={open}>
        {trans('More trials…')}
      </button>
    );
  }
  const refused = sending.error?.fields.find(item => item.field === FIELD);
  const start = (event: React.FormEvent): void => {
    event.preventDefault();
    const errors: Errors = {};
    const trials = wholeNumbers(errors, trans)(FIELD, typed, tried + 1, MOST);
    setWrong(errors[FIELD] ?? null);
    if (errors[FIELD]) {
      form.current?.querySelector('input')?.focus();
    } else {
      resume({ trials });
    }
  };
  return (
    <form ref={form} className="kf-More" noValidate onSubmit={start}>
      <TextField
        numeric
        label={trans('Trials in all')}
        path={FIELD}
        value={typed}
        help={trans('%1 are done or have failed.', tried)}
        error={wrong ?? refused?.message}
        onChange={value => {
          setTyped(value);
          setWrong(null);
        }}
      />
      <button
        type="submit"
        className="jp-Button jp-mod-styled jp-mod-accept"
        disabled={sending.sending}
      >
        {sending.sending ? trans('Starting…') : trans('Search on')}
      </button>
      <button
        type="button"
        className="jp-Button jp-mod-styled"
        onClick={() => setTyped(null)}
      >
        {trans('Close')}
      </button>
      {!refused && <Refusal of={sending} />}
    </form>
  );
}

function useResume(
  id: string,
  onResumed: () => void
): { sending: Sending; resume: (budget: BudgetChange) => void } {
  const { client } = useHost();
  const sending = useSending();
  const send = async (budget: BudgetChange): Promise<void> => {
    try {
      await client.request('POST', `runs/${id}/resume`, { budget });
    } catch (reason) {
      // What was asked for may have been done elsewhere.
      if (asApiError(reason).status !== 409 || !(await hasGoneOn(client, id))) {
        throw reason;
      }
    }
    onResumed();
  };
  return { sending, resume: budget => sending.send(() => send(budget)) };
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
