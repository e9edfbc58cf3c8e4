/** What all Clients share about streams: where one goes on after it was lost. */

/** The number of the last event in a frame; 0 where it holds none. */
export function lastSeq(message: unknown): number {
  const last: unknown = Array.isArray(message)
    ? message[message.length - 1]
    : message;
  const seq = (last as { seq?: unknown } | null | undefined)?.seq;
  return typeof seq === 'number' ? seq : 0;
}

/** The path and the query that follow a stream from after `seen`. */
export function resumed(
  path: string,
  seen: number
): { name: string; query: URLSearchParams } {
  const [name, given = ''] = path.split('?');
  const query = new URLSearchParams(given);
  query.set('since', String(Math.max(seen, Number(query.get('since') ?? 0))));
  return { name, query };
}
