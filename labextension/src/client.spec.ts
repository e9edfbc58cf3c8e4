import type { ServerConnection } from '@jupyterlab/services';
import packageJson from '../package.json';
import { LabClient } from './client';
import { VERSION } from './version';

class Socket {
  static readonly made: Socket[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  closed = false;

  constructor(readonly url: string) {
    Socket.made.push(this);
  }

  close(): void {
    this.closed = true;
  }
}

const settings = {
  baseUrl: 'http://lab/base/',
  wsUrl: 'ws://lab/base/',
  token: 'secret',
  appendToken: true,
  WebSocket: Socket
} as unknown as ServerConnection.ISettings;

beforeEach(() => {
  Socket.made.length = 0;
  jest.useFakeTimers();
});
afterEach(() => jest.useRealTimers());

test('a stream opens again after a loss, ever later, after the last event seen', () => {
  const frames: unknown[] = [];
  const states: boolean[] = [];
  const stop = new LabClient(settings).subscribe(
    'runs/R/stream?since=0',
    frame => frames.push(frame),
    state => states.push(state)
  );
  const [first] = Socket.made;
  expect(first.url).toBe(
    'ws://lab/base/kflab/api/runs/R/stream?since=0&token=secret'
  );
  first.onopen?.();
  first.onmessage?.({ data: '[{"seq":1},{"seq":2}]' });
  first.onclose?.({ code: 1006 });
  expect(states).toEqual([true, false]);
  jest.advanceTimersByTime(500);
  expect(Socket.made[1].url).toContain('since=2');
  Socket.made[1].onclose?.({ code: 1006 });
  jest.advanceTimersByTime(500);
  expect(Socket.made).toHaveLength(2);
  jest.advanceTimersByTime(500);
  expect(Socket.made).toHaveLength(3);
  expect(frames).toHaveLength(1);
  stop();
  expect(Socket.made[2].closed).toBe(true);
});

test('a stream that the server has finished is not opened again, nor one that was stopped', () => {
  const client = new LabClient(settings);
  client.subscribe('runs/R/stream', () => undefined);
  Socket.made[0].onclose?.({ code: 1000 });
  const stop = client.subscribe('runs/S/stream', () => undefined);
  stop();
  Socket.made[1].onclose?.({ code: 1006 });
  jest.advanceTimersByTime(60_000);
  expect(Socket.made).toHaveLength(2);
});

test('the version shown is that of the package', () => {
  expect(VERSION).toBe(packageJson.version);
});
