import { useCallback, useRef } from 'react';
import { ulid } from 'ulid';
import { asApiError, useHost } from './host';

/**
 * POSTs a body that starts a run, and gives the run's id. An answer may be lost on its way though the run has started:
 * the same body once more then has the same key, by which the server knows that no second run is wanted.
 */
export function useStartRun(): (path: string, body: object) => Promise<string> {
  const { client } = useHost();
  const unanswered = useRef<{ sent: string; key: string } | null>(null);
  return useCallback(
    async (path, body) => {
      const sent = JSON.stringify([path, body]);
      const before = unanswered.current;
      const key = before?.sent === sent ? before.key : ulid();
      unanswered.current = { sent, key };
      try {
        const { id } = await client.request<{ id: string }>('POST', path, {
          ...body,
          key
        });
        unanswered.current = null;
        return id;
      } catch (error) {
        if (asApiError(error).refused) {
          unanswered.current = null;
        }
        throw error;
      }
    },
    [client]
  );
}
