import * as React from 'react';
import { act, render, type RenderResult } from '@testing-library/react';
import { ApiError, type Client } from '../views/client';
import { HostProvider, type Host, type Trans } from '../views/shared/host';

/** What a test's server answers: a value, an error, or a function of the path and body. */
export type Answer =
  unknown | ApiError | ((path: string, body: unknown) => unknown);

export interface Call {
  method: string;
  path: string;
  body: unknown;
}

/** As the server wants a key to be. */
export const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

const NEVER = Symbol('never');

/** A Client whose answers a test writes down, by `METHOD path` without the query. */
export class ScriptedClient implements Client {
  static readonly never = NEVER;
  readonly calls: Call[] = [];
  readonly streams: {
    path: string;
    listener: (message: unknown) => void;
    onState?: (connected: boolean) => void;
    stopped: boolean;
  }[] = [];

  constructor(readonly answers: Record<string, Answer>) {}

  request<T>(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown
  ): Promise<T> {
    this.calls.push({ method, path, body });
    const answer = this.answers[`${method} ${path.split('?')[0]}`];
    if (answer === undefined) {
      return Promise.reject(new ApiError(`no such path: ${path}`, 404));
    }
    const value: unknown =
      typeof answer === 'function' ? answer(path, body) : answer;
    if (value === NEVER) {
      return new Promise(() => undefined);
    }
    return value instanceof Error
      ? Promise.reject(value)
      : Promise.resolve(value as T);
  }

  subscribe(
    path: string,
    listener: (message: unknown) => void,
    onState?: (connected: boolean) => void
  ): () => void {
    const stream = { path, listener, onState, stopped: false };
    this.streams.push(stream);
    return () => {
      stream.stopped = true;
    };
  }

  /** Sends a frame to everyone who follows a path that begins so. */
  emit(prefix: string, message: unknown): void {
    act(() => {
      for (const stream of this.streams) {
        if (stream.path.startsWith(prefix) && !stream.stopped) {
          stream.listener(message);
        }
      }
    });
  }

  /** The keys of the runs that were asked for. */
  keys(): unknown[] {
    return this.calls
      .filter(call => call.method === 'POST')
      .map(call => (call.body as { key?: unknown } | undefined)?.key);
  }

  /** The paths asked for, of one method. */
  asked(method = 'GET'): string[] {
    return this.calls
      .filter(call => call.method === method)
      .map(call => call.path);
  }
}

export const trans: Trans = (text, ...args) =>
  text.replace(/%(\d+)/g, (_, index) => String(args[Number(index) - 1]));

/** Draws a view as Lab does. */
export function show(
  view: React.ReactElement,
  client: Client,
  host: Partial<Host> = {}
): RenderResult {
  return render(
    <HostProvider value={{ client, trans, visible: true, ...host }}>
      {view}
    </HostProvider>
  );
}

/** Fails if something is asked of the server within a minute; wants jest's fake timers. */
export async function asksNothing(client: ScriptedClient): Promise<void> {
  await act(() => jest.advanceTimersByTimeAsync(1000));
  const before = client.asked().length;
  await act(() => jest.advanceTimersByTimeAsync(60_000));
  expect(client.asked()).toHaveLength(before);
}
