import * as React from 'react';
import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import {
  DATASETS,
  event,
  MODELS,
  page,
  PROFILE,
  run,
  RUN_ID
} from '../../testing/samples';
import { ScriptedClient, show, ULID } from '../../testing/server';
import { ApiError } from '../client';
import type { Draft } from './draft';
import { TrainView } from './TrainView';

const answers = {
  'GET datasets': page(DATASETS),
  'GET models': page(MODELS),
  'GET datasets/profile': PROFILE,
  'POST runs': { id: RUN_ID },
  [`GET runs/${RUN_ID}`]: run()
};

const step = (name: string): HTMLElement =>
  within(screen.getByRole('navigation', { name: 'Steps' })).getByRole(
    'button',
    {
      name: new RegExp(`^${name}`)
    }
  );
const start = (): void => {
  fireEvent.click(screen.getByRole('button', { name: 'Start training' }));
};
const ready = (): Promise<HTMLElement> =>
  screen.findByText('178 rows, 2 columns');
/** The form at a step, once its dataset is read. */
const opened = async (
  step: Draft['step'],
  more: object = {}
): Promise<ScriptedClient> => {
  const client = new ScriptedClient({ ...answers, ...more });
  show(<TrainView stored={{ uri: 'sklearn:wine', step }} />, client);
  await ready();
  return client;
};
/** The answer with a profile in which one column is not as usual. */
const unusual = (name: string, change: object, more: object = {}) => ({
  'GET datasets/profile': {
    ...PROFILE,
    ...more,
    columns: PROFILE.columns.map(column =>
      column.name === name ? { ...column, ...change } : column
    )
  }
});

test('loading and error of the list of datasets', async () => {
  let broken = false;
  const client = new ScriptedClient({
    ...answers,
    'GET datasets': () =>
      broken ? new ApiError('Busy.', 503) : ScriptedClient.never
  });
  const view = show(<TrainView />, client);
  expect(screen.getByText('Loading the list of datasets')).toBeTruthy();
  view.unmount();
  broken = true;
  show(<TrainView />, client);
  expect(await screen.findByText('Busy.')).toBeTruthy();
  expect(screen.getByRole('button', { name: 'Try again' })).toBeTruthy();
});

test('empty: without a dataset, Explore says so and leads to the choice', async () => {
  show(<TrainView stored={{ step: 'explore' }} />, new ScriptedClient(answers));
  fireEvent.click(screen.getByRole('button', { name: 'Choose a dataset' }));
  expect(await screen.findByLabelText(/Wine recognition/)).toBeTruthy();
});

test('partial: a warning of the profile stands over its columns', async () => {
  show(
    <TrainView stored={{ step: 'explore', uri: 'sklearn:wine' }} />,
    new ScriptedClient({
      ...answers,
      'GET datasets/profile': {
        ...PROFILE,
        warnings: ['Only the first 2 columns are shown.']
      }
    })
  );
  expect(
    await screen.findByText('Only the first 2 columns are shown.')
  ).toBeTruthy();
  expect(screen.getByRole('cell', { name: '14.23' })).toBeTruthy();
});

test('a dataset and one button start a run with good values, and the live view follows', async () => {
  const client = new ScriptedClient(answers);
  show(<TrainView />, client);
  fireEvent.click(await screen.findByLabelText(/Wine recognition/));
  await ready();
  start();
  await screen.findByRole('article', { name: 'first try' });
  expect(client.calls.find(call => call.method === 'POST')?.body).toMatchObject(
    {
      kind: 'train',
      key: expect.stringMatching(ULID) as string,
      dataset: { uri: 'sklearn:wine', target: 'target' },
      split: { parts: [0.6, 0.2, 0.2] },
      model: { family: 'sklearn:RandomForestClassifier' }
    }
  );
  expect(client.streams[0].path).toBe(`runs/${RUN_ID}/stream?since=0`);
});

test('without a dataset the start says what is missing and puts the focus there', async () => {
  const client = new ScriptedClient(answers);
  show(<TrainView stored={{ step: 'split' }} />, client);
  await screen.findByText('Random');
  start();
  expect((await screen.findByRole('alert')).textContent).toContain(
    'Choose a dataset'
  );
  expect(client.asked('POST')).toEqual([]);
  await waitFor(() =>
    expect(
      document.activeElement
        ?.closest('[data-field]')
        ?.getAttribute('data-field') ??
        document.activeElement?.getAttribute('data-field')
    ).toBe('dataset.uri')
  );
});

test('an error of the server stands beside its field, which has the focus; what was typed stays', async () => {
  const user = userEvent.setup();
  await opened('split', {
    'POST runs': new ApiError('Not started.', 400, [
      { field: 'dataset.target', message: 'A class has only 1 row.' },
      { field: 'model.params.n_estimators', message: 'At most 5000.' }
    ])
  });
  await user.clear(screen.getByLabelText('Seed'));
  await user.type(screen.getByLabelText('Seed'), '99');
  start();
  const target = await screen.findByLabelText('Target: the column to predict');
  await waitFor(() => expect(document.activeElement).toBe(target));
  expect(target.getAttribute('aria-invalid')).toBe('true');
  const described = target.getAttribute('aria-describedby') ?? '';
  expect(document.getElementById(described)?.textContent).toBe(
    'A class has only 1 row.'
  );
  fireEvent.click(screen.getByRole('button', { name: 'Trees' }));
  const trees = await screen.findByLabelText('Trees');
  expect(screen.getAllByText('At most 5000.').length).toBeGreaterThan(0);
  expect(trees).toBeTruthy();
  fireEvent.click(step('Split'));
  expect((screen.getByLabelText('Seed') as HTMLInputElement).value).toBe('99');
});

test('a parameter that was emptied keeps training from starting', async () => {
  const user = userEvent.setup();
  const client = await opened('model');
  await user.clear(await screen.findByLabelText('Trees'));
  start();
  expect(
    (await screen.findAllByText(/Give a whole number, such as/)).length
  ).toBeGreaterThan(0);
  expect(screen.getByRole('button', { name: 'Trees' })).toBeTruthy();
  expect(client.asked('POST')).toEqual([]);
});

test('an error goes when its step is mended, and only that of its step', async () => {
  const user = userEvent.setup();
  await opened('split', {
    'POST runs': new ApiError('Not started.', 400, [
      { field: 'split.seed', message: 'Too large.' },
      { field: 'dataset.target', message: 'A class has only 1 row.' }
    ])
  });
  start();
  await screen.findByLabelText('Target: the column to predict');
  fireEvent.click(step('Split'));
  expect(screen.getAllByText('Too large.').length).toBeGreaterThan(0);
  await user.type(screen.getByLabelText('Seed'), '1');
  expect(screen.queryByText('Too large.')).toBeNull();
  fireEvent.click(step('Explore'));
  expect(screen.getAllByText('A class has only 1 row.').length).toBeGreaterThan(
    0
  );
});

test('a target with empty cells is told before training', async () => {
  const client = new ScriptedClient({
    ...answers,
    ...unusual('target', { missing: 11 })
  });
  show(<TrainView stored={{ uri: 'sklearn:wine', step: 'explore' }} />, client);
  expect((await screen.findByRole('alert')).textContent).toMatch(
    /empty in 11 of 178 rows/
  );
});

test('a typed number that is none is refused beside it', async () => {
  const client = new ScriptedClient(answers);
  show(
    <TrainView stored={{ uri: 'sklearn:wine', step: 'data', seed: 'many' }} />,
    client
  );
  await ready();
  start();
  const seed = await screen.findByLabelText('Seed');
  await waitFor(() => expect(document.activeElement).toBe(seed));
  expect((seed as HTMLInputElement).value).toBe('many');
  expect(client.asked('POST')).toEqual([]);
});

test('a typed path is read on Enter', async () => {
  const user = userEvent.setup();
  const client = new ScriptedClient(answers);
  show(<TrainView />, client);
  await user.type(
    await screen.findByLabelText(/path of a file/),
    'data/other.csv{Enter}'
  );
  await waitFor(() =>
    expect(client.asked()).toContain('datasets/profile?uri=data%2Fother.csv')
  );
});

test('models that do not fit the target are set apart, with the reason', async () => {
  await opened('model');
  expect(
    await screen.findByRole('radio', { name: /Random forest/ })
  ).toBeTruthy();
  expect(screen.queryByRole('radio', { name: /Ridge/ })).toBeNull();
  expect(screen.getByText('1 models do not fit this target')).toBeTruthy();
});

test('the split bar says sizes and which part is locked', async () => {
  await opened('split');
  const bar = screen.getByRole('list', { name: 'Parts of the data' });
  expect(
    within(bar)
      .getAllByRole('listitem')
      .map(item => item.textContent)
  ).toEqual([
    'Training60 % · about 107 rows',
    'Validation20 % · about 36 rows',
    'Test (locked)20 % · about 36 rows'
  ]);
});

test('an unfinished draft and a started run come back after a reload', async () => {
  const kept: Draft[] = [];
  const client = new ScriptedClient(answers);
  const view = show(<TrainView onState={draft => kept.push(draft)} />, client);
  fireEvent.click(await screen.findByLabelText(/Wine recognition/));
  fireEvent.click(step('Split'));
  fireEvent.change(screen.getByLabelText('Seed'), { target: { value: '41' } });
  view.unmount();
  const stored: unknown = JSON.parse(JSON.stringify(kept[kept.length - 1]));
  const again = show(<TrainView stored={stored} />, client);
  expect((screen.getByLabelText('Seed') as HTMLInputElement).value).toBe('41');
  again.unmount();
  show(
    <TrainView stored={{ ...(stored as Draft), run: RUN_ID, step: 'train' }} />,
    client
  );
  expect(
    await screen.findByRole('article', { name: 'first try' })
  ).toBeTruthy();
});

test('a target of one value is told before training, and no run is started', async () => {
  const client = await opened(
    'split',
    unusual(
      'target',
      { unique: 1 },
      { suggested: { target: 'target', task: 'binary' } }
    )
  );
  expect(step('Explore').textContent).not.toMatch(/two classes|done/);
  expect(step('Split').textContent).toContain('done');
  start();
  const target = await screen.findByLabelText('Target: the column to predict');
  await waitFor(() => expect(document.activeElement).toBe(target));
  expect(target.getAttribute('aria-invalid')).toBe('true');
  expect(screen.getAllByText(/nothing to learn/).length).toBeGreaterThan(0);
  expect(client.asked('POST')).toEqual([]);
});

test('without a usable column the columns have the focus', async () => {
  const client = await opened('split', unusual('alcohol', { unique: 1 }));
  start();
  expect((await screen.findByRole('alert')).textContent).toContain(
    'No usable column'
  );
  await waitFor(() =>
    expect(document.activeElement).toBe(
      screen.getByRole('group', { name: '2 columns of 178 rows' })
    )
  );
  expect(client.asked('POST')).toEqual([]);
});

test('a class too small for the split is told where the method is chosen', async () => {
  const client = await opened(
    'split',
    unusual('target', { rarest: { value: 'class_2', count: 1 } })
  );
  const method = screen.getByLabelText('Method');
  fireEvent.change(method, { target: { value: 'stratified' } });
  expect(screen.getByRole('alert').textContent).toMatch(/Class class_2/);
  expect(step('Split').textContent).not.toContain('done');
  fireEvent.click(step('Model'));
  start();
  const again = await screen.findByLabelText('Method');
  await waitFor(() => expect(document.activeElement).toBe(again));
  expect(client.asked('POST')).toEqual([]);
  fireEvent.change(again, { target: { value: 'random' } });
  expect(screen.queryByRole('alert')).toBeNull();
});

test('a run that failed for a field leads to its step, with focus and reason', async () => {
  const client = new ScriptedClient({
    ...answers,
    [`GET runs/${RUN_ID}`]: run({ state: 'failed' })
  });
  show(
    <TrainView
      stored={{ uri: 'sklearn:wine', step: 'train', run: RUN_ID, seed: '41' }}
    />,
    client
  );
  await screen.findByRole('article');
  client.emit(`runs/${RUN_ID}/stream`, [
    event(1, {
      type: 'failed',
      cause: 'error',
      field: 'split.method',
      text: 'Class c is in the test part but not in train.'
    })
  ]);
  fireEvent.click(screen.getByRole('button', { name: 'Change it in Split' }));
  const method = await screen.findByLabelText('Method');
  await waitFor(() => expect(document.activeElement).toBe(method));
  expect(method.getAttribute('aria-invalid')).toBe('true');
  const alert = screen.getByRole('alert').textContent;
  expect(alert).toContain('The last run failed.');
  expect(alert).toContain('Class c is in the test part but not in train.');
  expect((screen.getByLabelText('Seed') as HTMLInputElement).value).toBe('41');
});

test('once a run has split the data, its test rows are left out of Explore', async () => {
  let split = false;
  const client = new ScriptedClient({
    ...answers,
    'GET datasets/profile': (path: string) =>
      split && path.includes(`run=${RUN_ID}`)
        ? { ...PROFILE, rows: 142, hidden: 36 }
        : PROFILE
  });
  show(<TrainView />, client);
  fireEvent.click(await screen.findByLabelText(/Wine recognition/));
  await ready();
  expect(client.asked().some(path => path.includes('run='))).toBe(false);
  start();
  await screen.findByRole('article', { name: 'first try' });
  split = true;
  client.emit(`runs/${RUN_ID}/stream`, [
    event(1, { type: 'stage', name: 'split', state: 'begin' }),
    event(2, { type: 'stage', name: 'split', state: 'end' })
  ]);
  fireEvent.click(step('Explore'));
  expect(
    await screen.findByText(/The 36 rows of the test part are locked/)
  ).toBeTruthy();
  expect(screen.getByText('2 columns of 142 rows')).toBeTruthy();
  // The dataset has as many rows as before.
  expect(step('Data').textContent).toContain('178 rows');
});

test('a run that was removed hides nothing, and the dataset is still read', async () => {
  const client = new ScriptedClient({
    ...answers,
    'GET datasets/profile': (path: string) =>
      path.includes('run=') ? new ApiError('There is no run.', 404) : PROFILE
  });
  show(
    <TrainView
      stored={{ uri: 'sklearn:wine', step: 'explore', run: RUN_ID }}
    />,
    client
  );
  expect(await screen.findByText('2 columns of 178 rows')).toBeTruthy();
});
