import { useCallback, useEffect, useState } from 'react';
import type { ApiError } from '../client';
import { asApiError, useHost } from './host';

export interface Loaded<T> {
  /** The answer to the present path. */
  data: T | undefined;
  /** The last answer to any path: shown while the next one loads, so that nothing jumps. */
  last: T | undefined;
  error: ApiError | undefined;
  loading: boolean;
  retry: () => void;
}

interface Answer<T> {
  path: string;
  attempt: number;
  data?: T;
  error?: ApiError;
}

const SLOWEST = 60_000;

/**
 * GETs `path` (null: nothing), again whenever it changes or `retry` is called, and every `every` ms where given.
 * A poll waits while the view is hidden, slows down after errors, keeps the last data, and is not user activity.
 */
export function useRequest<T>(path: string | null, every?: number): Loaded<T> {
  const { client, visible } = useHost();
  const [attempt, setAttempt] = useState(0);
  const [answer, setAnswer] = useState<Answer<T>>();
  const [last, setLast] = useState<T>();
  const watched = every === undefined || visible;

  useEffect(() => {
    if (path === null || !watched) {
      return;
    }
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async (wait: number, quiet: boolean): Promise<void> => {
      let next = wait;
      try {
        const data = await client.request<T>(
          'GET',
          quiet ? asPoll(path) : path,
          undefined,
          abort.signal
        );
        if (abort.signal.aborted) {
          return;
        }
        setAnswer({ path, attempt, data });
        setLast(data);
        next = every ?? 0;
      } catch (error) {
        if (abort.signal.aborted) {
          return;
        }
        const failure = asApiError(error);
        setAnswer(before => ({
          path,
          attempt,
          data: before?.path === path ? before.data : undefined,
          error: failure
        }));
        next = Math.min(SLOWEST, wait * 2);
      }
      if (every !== undefined) {
        timer = setTimeout(() => void ask(next, true), next);
      }
    };
    void ask(every ?? 0, false);
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [client, path, attempt, every, watched]);

  const retry = useCallback(() => setAttempt(count => count + 1), []);
  const here = answer !== undefined && answer.path === path;
  return {
    data: here ? answer.data : undefined,
    last,
    error: here && answer.attempt === attempt ? answer.error : undefined,
    loading: path !== null && (!here || answer.attempt !== attempt),
    retry
  };
}

/** A request that the page makes by itself must not keep an idle server from being culled. */
export function asPoll(path: string): string {
  return `${path}${path.includes('?') ? '&' : '?'}no_track_activity=1`;
}

/** `path?a=1&b=2`, without what is empty. */
export function query(
  path: string,
  values: Record<string, string | number | null | undefined>
): string {
  const given = Object.entries(values).filter(
    ([, value]) => value !== '' && value !== null && value !== undefined
  );
  const text = new URLSearchParams(
    given.map(([key, value]) => [key, String(value)])
  ).toString();
  return text ? `${path}?${text}` : path;
}
