import * as React from 'react';
import {
  act,
  fireEvent,
  screen,
  waitFor,
  within
} from '@testing-library/react';
import { details, event, overview, pod } from '../../testing/cluster';
import { ScriptedClient, show, type Answer } from '../../testing/server';
import { ApiError } from '../client';
import { ClusterView } from './ClusterView';
import type { PodRow } from './types';

const web = pod('web-1', { owner: { kind: 'ReplicaSet', name: 'web' } });
const broken = pod('broken', {
  status: 'CrashLoopBackOff',
  mood: 'bad',
  text: 'It ended with exit code 1.'
});
const PODS = 'cluster/stream?kind=pods';

function client(more: Record<string, Answer> = {}): ScriptedClient {
  return new ScriptedClient({
    'GET cluster': overview(),
    'GET cluster/pods/web-1': details(web),
    'GET cluster/pods/broken': details(broken),
    ...more
  });
}

async function full(
  server = client(),
  rows: PodRow[] = [broken, web],
  stored?: unknown
): Promise<ScriptedClient> {
  show(<ClusterView stored={stored} />, server);
  await screen.findByRole('navigation', { name: 'Kinds' });
  server.emit(PODS, { type: 'rows', rows });
  return server;
}

const names = (): string[] =>
  screen.getAllByRole('rowheader').map(cell => cell.textContent ?? '');

test('loading', () => {
  show(<ClusterView />, client({ 'GET cluster': ScriptedClient.never }));
  expect(screen.getByText('Looking for a cluster')).toBeTruthy();
});

test('without a cluster it says so, and how to get one', async () => {
  const server = client({
    'GET cluster': overview({ state: 'none', message: 'No kubeconfig.' })
  });
  show(<ClusterView />, server);
  expect(await screen.findByText('No kubeconfig.')).toBeTruthy();
  expect(screen.getByText('make cluster')).toBeTruthy();
  expect(screen.getByText(/^helm install/)).toBeTruthy();
  const before = server.asked().length;
  fireEvent.click(screen.getByRole('button', { name: 'Look again' }));
  await waitFor(() => expect(server.asked().length).toBe(before + 1));
  expect(server.streams).toEqual([]);
});

test('a cluster that does not answer', async () => {
  show(
    <ClusterView />,
    client({
      'GET cluster': overview({ state: 'unreachable', message: 'Timed out.' })
    })
  );
  expect((await screen.findByRole('alert')).textContent).toContain(
    'Timed out.'
  );
});

test('error', async () => {
  show(<ClusterView />, client({ 'GET cluster': new ApiError('No.', 500) }));
  expect((await screen.findByRole('alert')).textContent).toContain('No.');
});

test('empty: what a pod is, and how to make one', async () => {
  await full(client(), []);
  expect(screen.getByText('No Pods in user-alice')).toBeTruthy();
  expect(screen.getByText(/^kubectl run/)).toBeTruthy();
});

test('full: namespace, account, counts and rows', async () => {
  await full();
  expect(screen.getByRole('heading', { name: 'user-alice' })).toBeTruthy();
  expect(screen.getByText('as default-editor')).toBeTruthy();
  expect(screen.getByRole('button', { name: 'Pods 2' })).toBeTruthy();
  expect(names()).toEqual(['broken', 'web-1']);
  const row = screen.getByRole('row', { name: /broken/ });
  expect(within(row).getByText('CrashLoopBackOff')).toBeTruthy();
  expect(within(row).getByText('web:1')).toBeTruthy();
});

test('a kind that may not be seen says which verb is missing, and the others work', async () => {
  const missing = {
    verb: 'list',
    resource: 'deployments',
    group: 'apps',
    namespace: 'user-alice',
    message: 'This account may not list deployments.apps.'
  };
  const kinds = overview().kinds.map(kind =>
    kind.name === 'deployments' ? { ...kind, count: null, missing } : kind
  );
  const server = await full(client({ 'GET cluster': overview({ kinds }) }));
  fireEvent.click(
    screen.getByRole('button', { name: 'Deployments not allowed' })
  );
  server.emit('cluster/stream?kind=deployments', {
    type: 'fault',
    message: missing.message,
    missing
  });
  expect(screen.getByRole('alert').textContent).toContain(missing.message);
  expect(
    screen.getByText('kubectl auth can-i list deployments.apps -n user-alice')
  ).toBeTruthy();
  fireEvent.click(screen.getByRole('button', { name: 'Pods 2' }));
  server.emit(PODS, { type: 'rows', rows: [web] });
  expect(names()).toEqual(['web-1']);
});

test('partial: rows stay while the cluster is away, with the reason', async () => {
  const server = await full();
  server.emit(PODS, { type: 'fault', message: 'It does not answer.' });
  expect(screen.getByText(/may be old. It does not answer/)).toBeTruthy();
  expect(names()).toHaveLength(2);
  server.emit(PODS, { type: 'rows', rows: [web] });
  expect(screen.queryByText(/may be old/)).toBeNull();
  act(() => server.streams[0].onState?.(false));
  expect(screen.getByText(/connection is lost/)).toBeTruthy();
});

test('only the shown kind is followed, and nothing while it is hidden', async () => {
  const server = await full();
  fireEvent.click(screen.getByRole('button', { name: /^Jobs/ }));
  expect(
    server.streams.map(({ path, stopped }) => [path.split('=')[1], stopped])
  ).toEqual([
    ['pods', true],
    ['jobs', false]
  ]);
  const hidden = client();
  show(<ClusterView />, hidden, { visible: false });
  expect(hidden.streams).toEqual([]);
  expect(hidden.asked()).toEqual([]);
});

test('rows keep their places while the pointer is among them', async () => {
  const server = await full();
  const list = screen.getByRole('group', { name: 'Pods' });
  fireEvent.mouseEnter(list);
  server.emit(PODS, {
    type: 'changes',
    changed: [pod('a-new-one')],
    removed: [broken.uid]
  });
  expect(names()).toEqual(['broken', 'web-1', 'a-new-one']);
  expect(screen.getByText('Gone')).toBeTruthy();
  fireEvent.mouseLeave(list);
  expect(names()).toEqual(['a-new-one', 'web-1']);
});

test('new events wait until they are asked for', async () => {
  const server = await full();
  fireEvent.click(screen.getByRole('button', { name: /^Events/ }));
  const stream = 'cluster/stream?kind=events';
  server.emit(stream, { type: 'rows', rows: [event('old', web)] });
  fireEvent.mouseEnter(screen.getByRole('group', { name: 'Events' }));
  server.emit(stream, {
    type: 'changes',
    changed: [
      event('new', web, { reason: 'Killing', last: '2026-03-01T11:00:00Z' })
    ],
    removed: []
  });
  expect(names()).toEqual(['Started · pod/web-1']);
  fireEvent.click(screen.getByRole('button', { name: 'Show 1 new event' }));
  expect(names()[0]).toBe('Killing · pod/web-1');
});

test('the filter, its end, and sorting', async () => {
  await full();
  const box = screen.getByLabelText('Filter Pods');
  fireEvent.change(box, { target: { value: 'crash' } });
  expect(names()).toEqual(['broken']);
  expect(screen.getByText('1 of 2')).toBeTruthy();
  fireEvent.change(box, { target: { value: 'zzz' } });
  fireEvent.click(screen.getByRole('button', { name: 'Clear the filter' }));
  expect(names()).toHaveLength(2);
  fireEvent.mouseEnter(screen.getByRole('group', { name: 'Pods' }));
  fireEvent.click(screen.getByRole('button', { name: 'Name' }));
  fireEvent.click(screen.getByRole('button', { name: 'Name' }));
  expect(names()).toEqual(['web-1', 'broken']);
});

test('a row opens details; arrows, Esc, and it comes back after a reload', async () => {
  const kept: unknown[] = [];
  const server = client();
  const view = show(
    <ClusterView onState={state => kept.push(state)} />,
    server
  );
  await screen.findByRole('navigation', { name: 'Kinds' });
  server.emit(PODS, { type: 'rows', rows: [broken, web] });
  const first = screen.getByRole('button', { name: 'broken' });
  act(() => first.focus());
  fireEvent.keyDown(first, { key: 'ArrowDown' });
  expect(document.activeElement?.textContent).toBe('web-1');
  fireEvent.click(first);
  const drawer = screen.getByRole('region', { name: 'Details of broken' });
  expect(
    await within(drawer).findByText('It ended with exit code 1.')
  ).toBeTruthy();
  expect(
    await within(drawer).findByText('kubectl describe pod broken -n user-alice')
  ).toBeTruthy();
  fireEvent.click(within(drawer).getByRole('tab', { name: 'YAML' }));
  expect(within(drawer).getByText(/kind: Pod/)).toBeTruthy();
  view.unmount();
  const again = show(<ClusterView stored={kept.pop()} />, server);
  await screen.findByRole('region', { name: 'Details of broken' });
  server.emit(PODS, { type: 'rows', rows: [broken, web] });
  await screen.findByRole('tab', { name: 'YAML', selected: true });
  fireEvent.keyDown(screen.getByRole('tab', { name: 'YAML' }), {
    key: 'Escape'
  });
  expect(screen.queryByRole('region')).toBeNull();
  expect(document.activeElement?.textContent).toBe('broken');
  again.unmount();
});

test('details are read again, quietly, when the object has changed', async () => {
  const server = await full();
  fireEvent.click(screen.getByRole('button', { name: 'web-1' }));
  await screen.findByText('app=web');
  const asked = (): string[] =>
    server.asked().filter(path => path.startsWith('cluster/pods/web-1'));
  expect(asked()).toEqual(['cluster/pods/web-1']);
  server.emit(PODS, {
    type: 'changes',
    changed: [{ ...web, version: '2' }],
    removed: []
  });
  await waitFor(() =>
    expect(asked()).toEqual([
      'cluster/pods/web-1',
      'cluster/pods/web-1?no_track_activity=1'
    ])
  );
});

test("events of the object are live, and only the object's own", async () => {
  const server = await full();
  fireEvent.click(screen.getByRole('button', { name: 'web-1' }));
  fireEvent.click(await screen.findByRole('tab', { name: 'Events' }));
  expect(screen.getByText(/^No events/)).toBeTruthy();
  server.emit('cluster/stream?kind=events', {
    type: 'rows',
    rows: [
      event('one', web, { count: 3 }),
      event('two', broken, { text: 'of another' })
    ]
  });
  expect(screen.getByText('Started container main')).toBeTruthy();
  expect(screen.getByText(/3 times/)).toBeTruthy();
  expect(screen.queryByText('of another')).toBeNull();
});

test('the log follows, goes on after a loss, and tells of its end', async () => {
  const server = await full();
  fireEvent.click(screen.getByRole('button', { name: 'web-1' }));
  fireEvent.click(await screen.findByRole('tab', { name: 'Log' }));
  const path = 'cluster/pods/web-1/log/stream';
  expect(screen.getByText(/Nothing is written yet/)).toBeTruthy();
  server.emit(path, { type: 'log', seq: 5, lines: ['one', 'two'] });
  server.emit(path, { type: 'log', seq: 9, lines: ['three'] });
  expect(screen.getByRole('log').textContent).toBe('one\ntwothree');
  server.emit(path, { type: 'note', message: 'It has ended.', over: true });
  expect(screen.getByText('It has ended.')).toBeTruthy();
  const opened = (): string[] =>
    server.streams.map(stream => stream.path).filter(p => p.startsWith(path));
  expect(opened()).toEqual([`${path}?container=main&tail=500&since=0`]);
  fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
  expect(opened()).toHaveLength(2);
});

test('the log stands still while one reads further up', async () => {
  const server = await full();
  fireEvent.click(screen.getByRole('button', { name: 'web-1' }));
  fireEvent.click(await screen.findByRole('tab', { name: 'Log' }));
  const path = 'cluster/pods/web-1/log/stream';
  server.emit(path, { type: 'log', seq: 1, lines: ['one'] });
  const box = screen.getByRole('log');
  Object.defineProperty(box, 'scrollHeight', { value: 1000 });
  Object.defineProperty(box, 'clientHeight', { value: 100 });
  box.scrollTop = 300;
  fireEvent.scroll(box);
  expect(screen.getByText('Paused here.')).toBeTruthy();
  server.emit(path, { type: 'log', seq: 2, lines: ['two', 'three'] });
  expect(screen.getByText(/2 new lines below/)).toBeTruthy();
  expect(box.scrollTop).toBe(300);
  fireEvent.click(screen.getByRole('button', { name: 'Go to the end' }));
  expect(box.scrollTop).toBe(1000);
  expect(screen.queryByText(/Paused/)).toBeNull();
});

test('container, wrap and the run before', async () => {
  const containers = [
    { ...details(web).containers[0], previous: true, restarts: 1 },
    { ...details(web).containers[0], name: 'fetch', init: true }
  ];
  const server = await full(
    client({
      'GET cluster/pods/web-1': details(web, { containers }),
      'GET cluster/pods/web-1/log': { text: 'last words\n', cut: false }
    })
  );
  fireEvent.click(screen.getByRole('button', { name: 'web-1' }));
  fireEvent.click(await screen.findByRole('tab', { name: 'Log' }));
  fireEvent.click(screen.getByLabelText('Wrap lines'));
  expect(screen.getByRole('log').className).toContain('kf-mod-wrap');
  fireEvent.click(screen.getByLabelText('Run before the restart'));
  expect(await screen.findByText('last words')).toBeTruthy();
  expect(server.asked().pop()).toBe(
    'cluster/pods/web-1/log?container=main&tail=500&previous=true'
  );
  fireEvent.change(screen.getByLabelText('Container'), {
    target: { value: 'fetch' }
  });
  expect(server.streams.map(({ path }) => path).pop()).toContain(
    'container=fetch'
  );
});

test('delete asks first, with the uid that was shown, and says what goes', async () => {
  const server = await full(
    client({
      'DELETE cluster/pods/web-1': new ApiError('It was made anew.', 409)
    })
  );
  fireEvent.click(screen.getByRole('button', { name: 'web-1' }));
  fireEvent.click(await screen.findByRole('button', { name: 'Delete' }));
  const question = screen.getByRole('alertdialog');
  expect(question.textContent).toContain('ReplicaSet web stays');
  expect(question.textContent).toContain('kubectl delete pod web-1');
  expect(document.activeElement?.textContent).toBe('Keep it');
  fireEvent.click(screen.getByRole('button', { name: 'Keep it' }));
  expect(server.asked('DELETE')).toEqual([]);
  fireEvent.click(screen.getByRole('button', { name: 'Delete' }));
  fireEvent.click(screen.getByRole('button', { name: 'Delete Pod' }));
  expect(server.asked('DELETE')).toEqual(['cluster/pods/web-1?uid=uid-web-1']);
  expect((await screen.findByRole('alert')).textContent).toBe(
    'It was made anew.'
  );
});

test('what may not be deleted has no way to, and says why', async () => {
  await full(
    client({ 'GET cluster/pods/web-1': details(web, { deletable: false }) })
  );
  fireEvent.click(screen.getByRole('button', { name: 'web-1' }));
  const button = await screen.findByRole('button', { name: 'Delete' });
  expect((button as HTMLButtonElement).disabled).toBe(true);
  expect(button.title).toContain('may not delete');
});

test('an object that goes while it is read says so, and stays to be read', async () => {
  const server = await full();
  fireEvent.click(screen.getByRole('button', { name: 'web-1' }));
  await screen.findByText('app=web');
  server.emit(PODS, { type: 'changes', changed: [], removed: [web.uid] });
  expect(screen.getByText(/It is gone/)).toBeTruthy();
  expect(screen.getByText('app=web')).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'Delete' })).toBeNull();
  expect(server.asked().filter(path => path.includes('web-1'))).toHaveLength(1);
});

test('an object that went before a reload is not asked for', async () => {
  const server = await full(client(), [broken], { selected: 'web-1' });
  expect(screen.getByText('It is gone.')).toBeTruthy();
  expect(server.asked()).toEqual(['cluster']);
});

test('lacks of the details are named; related objects are a step away', async () => {
  const server = await full(
    client({
      'GET cluster/pods/web-1': details(web, {
        related: [{ kind: 'PersistentVolumeClaim', name: 'files' }],
        lacks: ['This account may not list events.']
      })
    })
  );
  fireEvent.click(screen.getByRole('button', { name: 'web-1' }));
  expect(await screen.findByText(/may not list events/)).toBeTruthy();
  fireEvent.click(screen.getByRole('button', { name: 'files' }));
  expect(screen.getByRole('region', { name: 'Details of files' })).toBeTruthy();
  server.emit('cluster/stream?kind=pvcs', {
    type: 'fault',
    message: 'This account may not list them.'
  });
  // What may not be listed may perhaps be read.
  expect(
    await screen.findByText('no such path: cluster/pvcs/files')
  ).toBeTruthy();
});

test('counts are asked for quietly after the first time', async () => {
  jest.useFakeTimers();
  try {
    const server = client();
    show(<ClusterView />, server);
    await act(() => jest.advanceTimersByTimeAsync(5100));
    expect(server.asked()).toEqual(['cluster', 'cluster?no_track_activity=1']);
  } finally {
    jest.useRealTimers();
  }
});
