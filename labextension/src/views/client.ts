/** The one way a view reaches the server: in Lab over HTTP and a websocket, in a notebook cell over the comm. */
export interface Client {
  /** Resolves with the JSON body; rejects with an ApiError. `path` is relative to `kflab/api/`. */
  request<T>(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    signal?: AbortSignal
  ): Promise<T>;
  /** Follows `path` (such as `runs/ID/stream?since=N`); returns the function that stops it. */
  subscribe(
    path: string,
    listener: (message: unknown) => void,
    onState?: (connected: boolean) => void
  ): () => void;
}

/** What the server answers when it refuses: a sentence, and the fields at fault where there are some. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly fields: readonly { field: string; message: string }[] = []
  ) {
    super(message);
    this.name = 'ApiError';
  }

  /** Whether the server has said no. Otherwise nobody knows what came of it: a proxy may have given up waiting. */
  get refused(): boolean {
    return this.status >= 400 && this.status < 500;
  }
}
