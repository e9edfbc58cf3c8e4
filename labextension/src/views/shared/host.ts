import { createContext, useContext, useMemo } from 'react';
import { ApiError, type Client } from '../client';

/** Translates a sentence; `%1`, `%2` … stand for the arguments. */
export type Trans = (text: string, ...args: (string | number)[]) => string;

/** What a view gets from whatever shows it: Lab's main area, a side panel, a notebook cell. */
export interface Host {
  client: Client;
  trans: Trans;
  /** False while the view can't be seen: it then asks the server nothing. */
  visible: boolean;
  openRun?: (id: string) => void;
  openTrain?: () => void;
  /** The page of a tuning run, or what to set up: from the run of kind train that is named, or from nothing. */
  openTune?: (what?: { id: string } | { run: string }) => void;
  openMetadata?: (artifact: number, name: string) => void;
}

const HostContext = createContext<Host | null>(null);
export const HostProvider = HostContext.Provider;

export function useHost(): Host {
  const host = useContext(HostContext);
  const isolating = useMemo(
    () => host && { ...host, trans: isolated(host.trans) },
    [host]
  );
  if (isolating === null) {
    throw new Error('A view needs a HostProvider around it.');
  }
  return isolating;
}

const DIRECTED =
  /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufefc]/;

/** Names may hold signs that change the direction of writing: they must not turn the sentence around them. */
function isolated(trans: Trans): Trans {
  return (text, ...args) =>
    trans(
      text,
      ...args.map(arg =>
        typeof arg === 'string' && DIRECTED.test(arg)
          ? `\u2068${arg}\u2069`
          : arg
      )
    );
}

/** Any rejection as an ApiError; one without a status never reached the server. */
export function asApiError(error: unknown): ApiError {
  return error instanceof ApiError
    ? error
    : new ApiError(error instanceof Error ? error.message : String(error), 0);
}

/** What people are told of it. */
export function explained(error: ApiError, trans: Trans): string {
  return error.status === 0
    ? trans(
        'The Jupyter server did not answer. Check that it still runs, then try again.'
      )
    : error.message;
}
