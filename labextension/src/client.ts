import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { ApiError, type Client } from './views/client';
import { lastSeq, resumed } from './views/stream';

const ROOT = 'kflab/api';
const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;
/** The server closes a stream so when there is nothing more to come. */
const FINISHED = 1000;

/** The views' way to the server in Lab: HTTP for requests, a websocket for streams. */
export class LabClient implements Client {
  constructor(
    private readonly settings: ServerConnection.ISettings = ServerConnection.makeSettings()
  ) {}

  async request<T>(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    signal?: AbortSignal
  ): Promise<T> {
    const response = await this.fetch(path, {
      method,
      signal,
      // Lab's own no-store would add a time to the query, and the server refuses what it doesn't know.
      cache: 'no-cache',
      ...(body === undefined
        ? {}
        : {
            body: JSON.stringify(body),
            headers: { 'Content-Type': 'application/json' }
          })
    });
    const text = await response.text();
    const data = parse(text);
    if (!response.ok) {
      const said = data as Partial<ApiError> | undefined;
      throw new ApiError(
        said?.message ?? `${response.status} ${response.statusText}`,
        response.status,
        said?.fields ?? []
      );
    }
    return data as T;
  }

  private async fetch(path: string, init: RequestInit): Promise<Response> {
    const url = URLExt.join(this.settings.baseUrl, ROOT, path);
    try {
      return await ServerConnection.makeRequest(url, init, this.settings);
    } catch (error) {
      if (init.signal?.aborted) {
        throw error;
      }
      throw new ApiError(error instanceof Error ? error.message : '', 0);
    }
  }

  /** Opens again after each loss, first soon, then ever later, and goes on after the last event that it has seen. */
  subscribe(
    path: string,
    listener: (message: unknown) => void,
    onState?: (connected: boolean) => void
  ): () => void {
    let seen = 0;
    let wait = FIRST_WAIT;
    let over = false;
    let socket: WebSocket | null = null;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const open = (): void => {
      socket = new this.settings.WebSocket(this.streamUrl(path, seen));
      socket.onopen = () => {
        wait = FIRST_WAIT;
        onState?.(true);
      };
      socket.onmessage = event => {
        const message = parse(String(event.data));
        seen = Math.max(seen, lastSeq(message));
        listener(message);
      };
      socket.onclose = event => {
        if (over || event.code === FINISHED) {
          return;
        }
        onState?.(false);
        timer = setTimeout(open, wait);
        wait = Math.min(LONGEST_WAIT, wait * 2);
      };
    };
    open();
    return () => {
      over = true;
      clearTimeout(timer);
      socket?.close();
    };
  }

  private streamUrl(path: string, seen: number): string {
    const { wsUrl, token, appendToken } = this.settings;
    const { name, query } = resumed(path, seen);
    if (appendToken && token) {
      query.set('token', token);
    }
    return `${URLExt.join(wsUrl, ROOT, name)}?${query.toString()}`;
  }
}

function parse(text: string): unknown {
  try {
    return text ? JSON.parse(text) : undefined;
  } catch {
    // A proxy's error page; the status says the rest.
    return undefined;
  }
}
