import { ApiError, type Client } from '../views/client';
import { lastSeq, resumed } from '../views/stream';
import { newName, type Model } from './model';
import { unpacked, type Heard, type Sent } from './wire';

/** How it stands with the kernel: it answers, it has not answered for a while, or there is none any more. */
export type Link = 'live' | 'busy' | 'gone';

/** What takes longer than this is asked after. */
const SLOW = 2000;
/** The kernel drops the streams of a client that it has not heard of for some minutes. */
const RENEW = 20_000;
const GONE = 'The kernel is gone. Run the cell again, then try it once more.';
const LOST = 'The answer has not arrived. Try again.';

interface Pending {
  reads: boolean;
  since: number;
  resolve: (data: unknown) => void;
  reject: (error: unknown) => void;
}

interface Stream {
  path: string;
  seen: number;
  listener: (message: unknown) => void;
  onState?: (connected: boolean) => void;
}

/**
 * The views' way to the server from a notebook cell: the kernel asks in their place.
 * Several clients may share one model, so each has a name and hears only what is for it.
 */
export class CommClient implements Client {
  constructor(
    private readonly model: Model,
    private readonly options: {
      /** Whether the page says that the kernel is disconnected. */
      gone: () => boolean;
      /** Whether the kernel may renew the cell's output without harm to the view. */
      updates: () => boolean;
    }
  ) {
    model.on('msg:custom', this.hear);
    model.on('comm_live_update', this.look);
    this.timer = setTimeout(this.tick, SLOW);
  }

  get link(): Link {
    return this.state;
  }

  /** Calls the listener at each change of the link; returns the function that stops it. */
  onLink(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  request<T>(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    signal?: AbortSignal
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (signal?.aborted) {
        reject(aborted());
        return;
      }
      const call = ++this.calls;
      this.pending.set(call, {
        reads: method === 'GET',
        since: Date.now(),
        resolve: data => resolve(data as T),
        reject
      });
      signal?.addEventListener('abort', () => {
        if (this.pending.delete(call)) {
          this.post({ kind: 'abort', client: this.name, call });
          reject(aborted());
        }
      });
      this.post({
        kind: 'request',
        client: this.name,
        call,
        method,
        path,
        ...(body === undefined ? {} : { body })
      });
    });
  }

  subscribe(
    path: string,
    listener: (message: unknown) => void,
    onState?: (connected: boolean) => void
  ): () => void {
    const call = ++this.calls;
    this.streams.set(call, { path, seen: 0, listener, onState });
    this.post({ kind: 'follow', client: this.name, call, path });
    return () => {
      if (this.streams.delete(call)) {
        this.post({ kind: 'leave', client: this.name, call });
      }
    };
  }

  /** Takes note that the kernel is gone. */
  lose(): void {
    if (!this.closed) {
      this.become('gone');
      this.refuse();
    }
  }

  /** Asks whether the kernel is there, unless that was asked a moment ago. */
  check(): void {
    if (this.state !== 'gone' && Date.now() - this.pinged >= RENEW) {
      this.ping();
    }
  }

  /** Lets go of the kernel: it drops what it still does for this client. */
  close(): void {
    this.post({ kind: 'bye', client: this.name });
    this.closed = true;
    clearTimeout(this.timer);
    this.model.off('msg:custom', this.hear);
    this.model.off('comm_live_update', this.look);
    this.pending.clear();
    this.streams.clear();
    this.listeners.clear();
  }

  private post(message: Sent): void {
    if (this.closed) {
      return;
    }
    if (this.state !== 'gone') {
      try {
        this.model.send(message);
      } catch {
        // A closed comm refuses so; nothing opens it again.
        this.become('gone');
      }
    }
    if (this.state === 'gone') {
      this.refuse();
    } else {
      this.timer ??= setTimeout(this.tick, SLOW);
    }
  }

  /** Who only reads keeps what it has; who wants something done is told that it was not. */
  private refuse(): void {
    for (const [call, { reads, reject }] of this.pending) {
      if (!reads) {
        this.pending.delete(call);
        reject(new ApiError(GONE, 503));
      }
    }
  }

  private readonly hear = (
    message: Heard,
    buffers: readonly BlobPart[] = []
  ): void => {
    if (message.client !== this.name) {
      return;
    }
    this.asked = null;
    this.become('live');
    // One after the other, also where unpacking takes its time: events have an order.
    this.turn = this.turn
      .then(() => this.take(message, buffers))
      .catch((error: unknown) => console.error(error));
  };

  private async take(
    message: Heard,
    buffers: readonly BlobPart[]
  ): Promise<void> {
    if (message.kind === 'here') {
      if (message.ping === this.pings) {
        this.missed(message.open);
      }
      return;
    }
    if (message.kind === 'answer') {
      const data = await unpacked(message, buffers);
      const pending = this.pending.get(message.call);
      this.pending.delete(message.call);
      const { error } = message;
      if (error) {
        pending?.reject(
          new ApiError(error.message, error.status, error.fields ?? [])
        );
      } else {
        pending?.resolve(data);
      }
      return;
    }
    const data =
      message.kind === 'frame' ? await unpacked(message, buffers) : undefined;
    const stream = this.streams.get(message.call);
    if (!stream) {
      return;
    }
    if (message.kind === 'frame') {
      stream.seen = Math.max(stream.seen, lastSeq(data));
      stream.listener(data);
    } else if (message.kind === 'stream') {
      stream.onState?.(message.connected);
    } else {
      const { name, query } = resumed(stream.path, stream.seen);
      const path = `${name}?${query.toString()}`;
      this.post({
        kind: 'follow',
        client: this.name,
        call: message.call,
        path
      });
    }
  }

  /** What was asked before the kernel was asked after it, and what it does not know of, was lost. */
  private missed(open: readonly number[]): void {
    for (const call of this.doubtful) {
      const pending = this.pending.get(call);
      if (pending && !open.includes(call)) {
        this.pending.delete(call);
        pending.reject(new ApiError(LOST, 0));
      }
    }
    this.doubtful = [];
  }

  private readonly tick = (): void => {
    this.timer = undefined;
    if (this.closed || this.state === 'gone') {
      return;
    }
    const now = Date.now();
    const oldest = Math.min(
      ...[...this.pending.values()].map(({ since }) => since)
    );
    if (this.asked !== null) {
      if (now - this.asked >= SLOW) {
        this.become('busy');
      }
    } else if (now - oldest >= SLOW || now - this.pinged >= RENEW) {
      this.ping();
    }
    if (this.pending.size > 0 || this.streams.size > 0 || this.asked !== null) {
      this.timer ??= setTimeout(this.tick, SLOW);
    }
  };

  private ping(): void {
    this.asked = this.pinged = Date.now();
    this.doubtful = [...this.pending.keys()];
    this.post({
      kind: 'alive',
      client: this.name,
      ping: ++this.pings,
      updates: this.options.updates()
    });
  }

  private readonly look = (): void => {
    // The page marks the view in a listener of its own, which may come after this one.
    queueMicrotask(() => {
      if (this.options.gone()) {
        this.lose();
      }
    });
  };

  private become(state: Link): void {
    if (this.state !== state && this.state !== 'gone') {
      this.state = state;
      this.listeners.forEach(listener => listener());
    }
  }

  private readonly name = newName();
  private readonly pending = new Map<number, Pending>();
  private readonly streams = new Map<number, Stream>();
  private readonly listeners = new Set<() => void>();
  private state: Link = 'live';
  private calls = 0;
  private closed = false;
  private pinged = 0;
  private pings = 0;
  /** When the kernel was asked whether it is there, until it says something. */
  private asked: number | null = null;
  private doubtful: number[] = [];
  private turn: Promise<void> = Promise.resolve();
  private timer: ReturnType<typeof setTimeout> | undefined;
}

function aborted(): DOMException {
  return new DOMException('The request was aborted.', 'AbortError');
}
