import * as React from 'react';
import { useCallback, useState } from 'react';
import type { ApiError } from '../client';
import { asApiError, explained, useHost } from './host';

/** How something fares that a press asks of the server. */
export interface Sending {
  sending: boolean;
  /** Whether it came to pass. */
  done: boolean;
  /** Why the last try did not. */
  error: ApiError | null;
  send: (ask: () => Promise<unknown>) => void;
}

export function useSending(): Sending {
  const [state, setState] = useState<'idle' | 'sending' | 'done'>('idle');
  const [error, setError] = useState<ApiError | null>(null);
  const send = useCallback((ask: () => Promise<unknown>): void => {
    setState('sending');
    setError(null);
    ask().then(
      () => setState('done'),
      (reason: unknown) => {
        setState('idle');
        setError(asApiError(reason));
      }
    );
  }, []);
  return { sending: state === 'sending', done: state === 'done', error, send };
}

/** The reason beside the button, heard when it comes. */
export function Refusal({
  of: { error },
  className = ''
}: {
  of: Sending;
  className?: string;
}): React.ReactElement | null {
  const { trans } = useHost();
  return error === null ? null : (
    <span role="alert" className={`kf-error ${className}`.trim()}>
      {explained(error, trans)}
    </span>
  );
}
