import { useCallback, useEffect, useState } from 'react';
import type { ApiError } from '../client';
import { asApiError, useHost } from '../shared/host';
import { asPoll } from '../shared/request';
import type { Details, KindName } from './types';

/** An object's details while it is `there`, read again whenever its row has another version. */
export function useDetails(
  kind: KindName,
  name: string,
  version: string | undefined,
  there: boolean
): { details?: Details; error?: ApiError; retry: () => void } {
  const { client, visible } = useHost();
  const [details, setDetails] = useState<Details>();
  const [error, setError] = useState<ApiError>();
  const [attempt, setAttempt] = useState(0);
  const path = `cluster/${kind}/${name}`;
  // What is there already is renewed without anybody having asked: that is no activity of a person.
  const quiet = details !== undefined;
  const due =
    visible && there && !(version && details?.row.version === version);
  useEffect(() => {
    if (!due) {
      return;
    }
    const abort = new AbortController();
    client
      .request<Details>(
        'GET',
        quiet ? asPoll(path) : path,
        undefined,
        abort.signal
      )
      .then(
        found => {
          if (!abort.signal.aborted) {
            setDetails(found);
            setError(undefined);
          }
        },
        (reason: unknown) => {
          if (!abort.signal.aborted) {
            setError(asApiError(reason));
          }
        }
      );
    return () => abort.abort();
    // Not when it turns quiet: that is what the answer does.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [client, path, version, attempt, visible, there]);
  const retry = useCallback(() => setAttempt(count => count + 1), []);
  return { details, error, retry };
}
