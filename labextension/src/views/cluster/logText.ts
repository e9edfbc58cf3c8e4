/** A log as it is kept: whole chunks, so that what is drawn already is not drawn again. */
export interface Chunk {
  id: number;
  lines: string[];
}

export interface LogText {
  chunks: Chunk[];
  count: number;
  /** Lines that were dropped at the front, for there are too many. */
  dropped: number;
  next: number;
}

export const EMPTY: LogText = { chunks: [], count: 0, dropped: 0, next: 0 };

/** Lines that are kept at most; what is older is dropped, a whole chunk at a time. */
export const KEPT = 10_000;

export function append(log: LogText, lines: string[]): LogText {
  const chunks = [...log.chunks, { id: log.next, lines: lines.map(plain) }];
  let { dropped } = log;
  let count = log.count + lines.length;
  while (count > KEPT && chunks.length > 1) {
    const [first] = chunks.splice(0, 1);
    count -= first.lines.length;
    dropped += first.lines.length;
  }
  return { chunks, count, dropped, next: log.next + 1 };
}

/* eslint-disable no-control-regex -- the escape character is what a terminal's colours begin with */
const ESCAPES =
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])/g;
/* eslint-enable no-control-regex */

/** A line without a terminal's colours, and with what a progress bar has written last. */
function plain(line: string): string {
  const text = line.replace(ESCAPES, '');
  return text.slice(text.lastIndexOf('\r') + 1);
}
