import { FakeModel } from '../testing/comm';
import { ApiError } from '../views/client';
import { CommClient } from './CommClient';

let model: FakeModel;
let client: CommClient;
let disconnected: boolean;

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['queueMicrotask'] });
  disconnected = false;
  model = new FakeModel();
  client = new CommClient(model, {
    gone: () => disconnected,
    updates: () => true
  });
});
afterEach(() => {
  client.close();
  jest.useRealTimers();
});

/** Lets what is unpacked one after the other come through. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) {
    await Promise.resolve();
  }
}

/** Which calls the kernel says it still works on, after it was asked. */
function here(open: number[]): void {
  const [asked] = model.of('alive').slice(-1);
  model.say({ kind: 'here', client: asked.client, ping: asked.ping, open });
}

test('a request is answered with data, or refused with status and fields', async () => {
  const list = client.request('GET', 'runs?limit=5');
  const start = client.request('POST', 'runs', { name: 'x' });
  expect(model.of('request')).toMatchObject([
    { method: 'GET', path: 'runs?limit=5' },
    { method: 'POST', path: 'runs', body: { name: 'x' } }
  ]);
  expect('body' in model.of('request')[0]).toBe(false);
  model.answer('runs?', { items: [] });
  model.answer('runs', null, {
    message: 'No.',
    status: 400,
    fields: [{ field: 'name', message: 'taken' }]
  });
  expect(await list).toEqual({ items: [] });
  const error = await start.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({
    message: 'No.',
    status: 400,
    fields: [{ field: 'name', message: 'taken' }]
  });
});

test('two clients of one model hear only what is for them', async () => {
  const other = new CommClient(model, {
    gone: () => false,
    updates: () => false
  });
  const mine = client.request('GET', 'mine');
  const theirs = other.request('GET', 'theirs');
  const [first, second] = model.of('request');
  expect(first.client).not.toBe(second.client);
  expect(first.call).toBe(second.call);
  model.answer('theirs', 2);
  model.answer('mine', 1);
  expect(await Promise.all([mine, theirs])).toEqual([1, 2]);
  other.close();
});

test('an aborted request rejects, tells the kernel, and ignores a late answer', async () => {
  const abort = new AbortController();
  const asked = client.request('GET', 'runs', undefined, abort.signal);
  abort.abort();
  await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
  expect(model.of('abort')).toHaveLength(1);
  model.answer('runs', []);
  await settle();
  await expect(
    client.request('GET', 'runs', undefined, abort.signal)
  ).rejects.toMatchObject({ name: 'AbortError' });
  expect(model.of('request')).toHaveLength(1);
});

test('a stream tells frames and states until it is left', async () => {
  const frames: unknown[] = [];
  const states: boolean[] = [];
  const stop = client.subscribe(
    'runs/R/stream?since=0',
    frame => frames.push(frame),
    state => states.push(state)
  );
  const [{ client: name, call, path }] = model.of('follow');
  expect(path).toBe('runs/R/stream?since=0');
  model.say({ kind: 'stream', client: name, call, connected: true });
  model.say({ kind: 'frame', client: name, call, data: [{ seq: 1 }] });
  model.say({ kind: 'stream', client: name, call, connected: false });
  await settle();
  expect([frames, states]).toEqual([[[{ seq: 1 }]], [true, false]]);
  stop();
  stop();
  expect(model.of('leave')).toHaveLength(1);
  model.say({ kind: 'frame', client: name, call, data: [{ seq: 2 }] });
  await settle();
  expect(frames).toHaveLength(1);
});

test('a stream that the kernel has dropped goes on after what was seen', async () => {
  client.subscribe('runs/R/stream?since=0', () => undefined);
  const [{ client: name, call }] = model.of('follow');
  model.say({
    kind: 'frame',
    client: name,
    call,
    data: [{ seq: 6 }, { seq: 7 }]
  });
  model.say({ kind: 'dropped', client: name, call });
  await settle();
  expect(model.of('follow')[1]).toMatchObject({
    call,
    path: 'runs/R/stream?since=7'
  });
});

test('streams are renewed, quiet pages are not', async () => {
  await jest.advanceTimersByTimeAsync(2000);
  here([]);
  await jest.advanceTimersByTimeAsync(120_000);
  expect(model.of('alive')).toHaveLength(1);
  const stop = client.subscribe('cluster/stream?kind=pods', () => undefined);
  for (let turn = 0; turn < 5; turn++) {
    await jest.advanceTimersByTimeAsync(22_000);
    here([]);
  }
  expect(model.of('alive').length).toBeGreaterThanOrEqual(5);
  stop();
});

test('a kernel that does not answer is called busy, and live once it does', async () => {
  const links: string[] = [];
  client.onLink(() => links.push(client.link));
  const asked = client.request('GET', 'runs');
  await jest.advanceTimersByTimeAsync(4100);
  expect(client.link).toBe('busy');
  model.answer('runs', 1);
  expect(await asked).toBe(1);
  expect(links).toEqual(['busy', 'live']);
});

test('a slow server is no busy kernel', async () => {
  const asked = client.request('GET', 'datasets/profile?uri=big.csv');
  await jest.advanceTimersByTimeAsync(2000);
  here([1]);
  await jest.advanceTimersByTimeAsync(1900);
  expect(client.link).toBe('live');
  model.answer('datasets', 'slow');
  expect(await asked).toBe('slow');
});

test('an answer that was lost on the way is told as such', async () => {
  const lost = client.request('POST', 'runs', {});
  await jest.advanceTimersByTimeAsync(2000);
  const later = client.request('GET', 'runs');
  here([]);
  await expect(lost).rejects.toMatchObject({ status: 0 });
  // It was asked after the kernel was asked what is open.
  model.answer('runs', 'still there');
  expect(await later).toBe('still there');
});

test('without a kernel readers keep what they have, and doers are told', async () => {
  let read = 'waits';
  const reading = client.request('GET', 'runs').finally(() => (read = 'ended'));
  const doing = client.request('POST', 'runs', {});
  model.closed = true;
  const again = client.request('DELETE', 'runs/R');
  await expect(doing).rejects.toMatchObject({ status: 503 });
  await expect(again).rejects.toMatchObject({
    message: expect.stringContaining('Run the cell again')
  });
  expect(client.link).toBe('gone');
  await jest.advanceTimersByTimeAsync(60_000);
  expect(read).toBe('waits');
  void reading.catch(() => undefined);
});

test('the page tells that the kernel is disconnected', async () => {
  model.emit('comm_live_update');
  await settle();
  expect(client.link).toBe('live');
  disconnected = true;
  model.emit('comm_live_update');
  await settle();
  expect(client.link).toBe('gone');
});

test('who turns to a quiet panel finds out that the kernel is gone', () => {
  model.closed = true;
  client.check();
  expect(client.link).toBe('gone');
});

test('closing says goodbye and leaves nothing behind', async () => {
  client.subscribe('runs/R/stream', () => undefined);
  client.close();
  expect(model.of('bye')).toHaveLength(1);
  expect(model.listening).toBe(0);
  expect(jest.getTimerCount()).toBe(0);
});
