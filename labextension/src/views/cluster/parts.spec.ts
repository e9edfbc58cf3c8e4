import { details, event, pod } from '../../testing/cluster';
import { trans } from '../../testing/server';
import { age } from './age';
import { columnsOf, matches, nextSort, sorted } from './columns';
import { KINDS, listOf } from './kinds';
import {
  deleteCommand,
  describeCommand,
  eventsCommand,
  listCommand,
  logCommand,
  yamlCommand
} from './kubectl';
import { append, EMPTY, KEPT } from './logText';
import { consequences } from './removal';
import { restoreCluster, START } from './state';
import { steady } from './steady';
import type { Row } from './types';
import { take } from './useRows';

const SECOND = 1000;
const DAY = 24 * 3600 * SECOND;

test.each([
  [-5 * SECOND, '0s'],
  [119 * SECOND, '119s'],
  [120 * SECOND, '2m'],
  [330 * SECOND, '5m30s'],
  [600 * SECOND, '10m'],
  [179 * 60 * SECOND, '179m'],
  [3 * 3600 * SECOND, '3h'],
  [5.5 * 3600 * SECOND, '5h30m'],
  [47 * 3600 * SECOND, '47h'],
  [2 * DAY, '2d'],
  [5 * DAY + 3 * 3600 * SECOND, '5d3h'],
  [300 * DAY, '300d'],
  [(2 * 365 + 40) * DAY, '2y40d'],
  [9 * 365 * DAY, '9y']
])('an age as kubectl prints it: %p', (milliseconds, text) => {
  expect(age(milliseconds)).toBe(text);
});

test('commands', () => {
  expect(listCommand('pods', 'a')).toBe('kubectl get pods -n a');
  expect(listCommand('pvcs', 'a')).toBe('kubectl get pvc -n a');
  expect(listCommand('events', 'a')).toBe(
    'kubectl get events -n a --sort-by=.lastTimestamp'
  );
  expect(describeCommand('jobs', 'x', 'a')).toBe('kubectl describe job x -n a');
  expect(yamlCommand('services', 'x', 'a')).toBe(
    'kubectl get service x -n a -o yaml'
  );
  expect(eventsCommand('pvcs', 'x', 'a')).toBe(
    'kubectl events -n a --for pvc/x'
  );
  expect(deleteCommand('deployments', 'x', 'a')).toBe(
    'kubectl delete deployment x -n a'
  );
  expect(logCommand('x', 'main', false, 'a')).toBe(
    'kubectl logs -f x -c main -n a --tail=500'
  );
  expect(logCommand('x', 'main', true, 'a')).toContain('--previous');
});

test('every kind has columns, and a list for its own word', () => {
  for (const kind of KINDS) {
    expect(columnsOf(kind, trans).length).toBeGreaterThan(3);
  }
  expect(listOf('PersistentVolumeClaim')).toBe('pvcs');
  expect(listOf('ReplicaSet')).toBeNull();
});

describe('rows', () => {
  const rows: Row[] = [
    pod('web-10', { restarts: 3, created: '2026-03-01T09:00:00Z' }),
    pod('web-9', { status: 'CrashLoopBackOff', mood: 'bad' })
  ];
  const names = (sort: string): string[] =>
    sorted(rows, 'pods', sort, columnsOf('pods', trans)).map(row => row.name);

  test('are sorted by name as people count, and by any column', () => {
    expect(names('')).toEqual(['web-9', 'web-10']);
    expect(names('-name')).toEqual(['web-10', 'web-9']);
    expect(names('-restarts')).toEqual(['web-10', 'web-9']);
    expect(names('age')).toEqual(['web-9', 'web-10']);
    expect(['', 'name', '-name'].map(sort => nextSort(sort, 'name'))).toEqual([
      'name',
      '-name',
      ''
    ]);
  });

  test('events come newest first', () => {
    const events = [
      event('a', pod('x'), { last: '2026-03-01T10:00:00Z' }),
      event('b', pod('x'), { last: '2026-03-01T10:05:00Z' })
    ];
    const columns = columnsOf('events', trans);
    expect(sorted(events, 'events', '', columns).map(row => row.name)).toEqual([
      'b',
      'a'
    ]);
  });

  test('are found by what can be read in them, not by hidden ids', () => {
    const found = (q: string): string[] =>
      rows.filter(row => matches(row, q)).map(row => row.name);
    expect(found(' crashloop ')).toEqual(['web-9']);
    expect(found('team/web')).toHaveLength(2);
    expect(found('uid-')).toEqual([]);
    expect(found('')).toHaveLength(2);
  });
});

describe('while the list is read', () => {
  const [a, b, c] = ['a', 'b', 'c'].map(name => pod(name));
  const shown = [a, c].map(row => ({ row, gone: false }));
  const names = (rows: { row: Row; gone: boolean }[]): string[] =>
    rows.map(({ row, gone }) => row.name + (gone ? ' gone' : ''));

  test('nothing moves: what is gone stays, what is new comes last', () => {
    const changed = pod('c', { status: 'Error' });
    const now = steady(shown, [b, changed], true, false);
    expect(names(now.shown)).toEqual(['a gone', 'c', 'b']);
    expect(now.shown[1].row.status).toBe('Error');
    expect(names(steady(now.shown, [b, changed], false, false).shown)).toEqual([
      'b',
      'c'
    ]);
  });

  test('or waits, where its place is before what is read', () => {
    const now = steady(shown, [b, a, c], true, true);
    expect(names(now.shown)).toEqual(['a', 'c']);
    expect(now.waiting).toBe(1);
  });
});

test('frames make rows', () => {
  const before = { rows: undefined, fault: undefined, connected: false };
  const first = take(before, { type: 'rows', rows: [pod('a'), pod('b')] });
  expect([...(first.rows?.keys() ?? [])]).toEqual(['uid-a', 'uid-b']);
  const next = take(first, {
    type: 'changes',
    changed: [pod('c'), pod('b', { status: 'Error' })],
    removed: ['uid-a']
  });
  expect([...(next.rows?.values() ?? [])].map(row => row.status)).toEqual([
    'Error',
    'Running'
  ]);
  const fault = take(next, { type: 'fault', message: 'No.' });
  expect(fault.fault?.message).toBe('No.');
  expect(fault.rows).toBe(next.rows);
  expect(take(fault, { type: 'rows', rows: [] }).fault).toBeUndefined();
});

describe('a log', () => {
  test('loses colours, and of a progress bar all but the last', () => {
    const { chunks } = append(EMPTY, [
      '\u001b[31mred\u001b[0m and \u001b]0;title\u0007plain',
      ' 10 %\r 100 %'
    ]);
    expect(chunks[0].lines).toEqual(['red and plain', ' 100 %']);
  });

  test('keeps its end, and says how much it dropped', () => {
    let log = EMPTY;
    for (let at = 0; at < 11; at += 1) {
      log = append(log, Array(KEPT / 10).fill(String(at)));
    }
    expect(log.count).toBe(KEPT);
    expect(log.dropped).toBe(KEPT / 10);
    expect(log.chunks[0].lines[0]).toBe('1');
  });
});

describe('a question before removal', () => {
  const pods = [{ kind: 'Pod', name: 'web-1' }];
  const said = (...given: Parameters<typeof consequences>): string =>
    consequences(...given).join(' ');

  test('says what goes and what stays', () => {
    const owned = pod('web-1', { owner: { kind: 'ReplicaSet', name: 'web' } });
    const claim = [{ kind: 'PersistentVolumeClaim', name: 'files' }];
    expect(said('pods', details(owned, { related: claim }), '', trans)).toMatch(
      /ReplicaSet web stays.*volumes stay: files/
    );
    expect(said('pods', details(pod('x')), '', trans)).toContain(
      'Nothing makes it again.'
    );
  });

  test('warns of the pod and the volume that one works in', () => {
    expect(
      said('pods', details(pod('jupyter-a')), 'jupyter-a', trans)
    ).toContain('this notebook ends');
    const claim: Row = {
      ...pod('files'),
      kind: 'pvcs',
      volume: 'pv',
      capacity: '5Gi',
      modes: 'RWO',
      storage_class: 'standard'
    } as Row;
    const used = details(claim, { related: pods, deletes_data: true });
    expect(said('pvcs', used, 'web-1', trans)).toMatch(
      /deleted for good.*in use by web-1.*JupyterLab itself/
    );
    expect(
      said('pvcs', details(claim, { deletes_data: false }), '', trans)
    ).toContain('are kept');
  });
});

test('a stored state is taken as far as it is one', () => {
  expect(restoreCluster(undefined)).toEqual(START);
  expect(
    restoreCluster({ kind: 'jobs', q: 3, selected: 'x', tab: 'nothing' })
  ).toEqual({ ...START, kind: 'jobs', selected: 'x' });
});
