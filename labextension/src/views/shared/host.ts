import { createContext, useContext } from 'react';
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
  openMetadata?: (artifact: number) => void;
}

const HostContext = createContext<Host | null>(null);
export const HostProvider = HostContext.Provider;

export function useHost(): Host {
  const host = useContext(HostContext);
  if (host === null) {
    throw new Error('A view needs a HostProvider around it.');
  }
  return host;
}

/** The sentence of an error, whatever was thrown. */
export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Any rejection as an ApiError; one without a status never reached the server. */
export function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(sentence(error), 0);
}
