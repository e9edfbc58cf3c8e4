/** What goes over the comm, and how what is large is packed. The other end is kflab/widgets/wire.py. */

export interface Refusal {
  message: string;
  status: number;
  fields?: { field: string; message: string }[];
}

/** From the view to the kernel. `call` is a number of the client's own. */
export type Sent =
  | { kind: 'code'; hash: string }
  | {
      kind: 'request';
      client: string;
      call: number;
      method: string;
      path: string;
      body?: unknown;
    }
  | { kind: 'abort'; client: string; call: number }
  | { kind: 'follow'; client: string; call: number; path: string }
  | { kind: 'leave'; client: string; call: number }
  | { kind: 'alive'; client: string; ping: number; updates: boolean }
  | { kind: 'bye'; client: string };

/** From the kernel to the view. Where `packed`, the data is in the first buffer. */
export type Heard =
  | { kind: 'here'; client: string; ping: number; open: number[] }
  | {
      kind: 'answer';
      client: string;
      call: number;
      data?: unknown;
      error?: Refusal;
      packed?: boolean;
    }
  | {
      kind: 'frame';
      client: string;
      call: number;
      data?: unknown;
      packed?: boolean;
    }
  | { kind: 'stream'; client: string; call: number; connected: boolean }
  | { kind: 'dropped'; client: string; call: number };

/** The text in a gzip buffer. */
export async function unzipped(buffer: BlobPart): Promise<string> {
  const plain = new Blob([buffer])
    .stream()
    .pipeThrough(new DecompressionStream('gzip'));
  return new Response(plain).text();
}

/** The data of a message, from the message or from its buffer. */
export async function unpacked(
  message: { data?: unknown; packed?: boolean },
  buffers: readonly BlobPart[]
): Promise<unknown> {
  return message.packed
    ? JSON.parse(await unzipped(buffers[0]))
    : (message.data ?? undefined);
}
