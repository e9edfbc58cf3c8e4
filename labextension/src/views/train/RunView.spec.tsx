import * as React from 'react';
import {
  act,
  fireEvent,
  screen,
  waitFor,
  within
} from '@testing-library/react';
import { epoch, event, page, run, RUN_ID } from '../../testing/samples';
import { ScriptedClient, show } from '../../testing/server';
import { ApiError } from '../client';
import { RunView } from './RunView';

const STREAM = `runs/${RUN_ID}/stream`;
const TEST_ID = '01JXXXXXXXXXXXXXXXXXXXXXXX';

const answers = {
  [`GET runs/${RUN_ID}`]: run(),
  [`GET runs/${RUN_ID}/events`]: { items: [], next_since: 0, state: 'running' },
  [`POST runs/${RUN_ID}/cancel`]: {},
  'GET runs': page([])
};

const prediction = event(3, {
  type: 'prediction',
  step: 1,
  n: 4,
  rows: [
    { row: 11, truth: 'a', pred: 'b' },
    { row: 12, truth: 'b', pred: 'b' }
  ],
  confusion: {
    labels: ['a', 'b'],
    matrix: [
      [1, 1],
      [0, 2]
    ]
  }
});

test('loading, and an error that can be tried again', async () => {
  const view = show(
    <RunView id={RUN_ID} />,
    new ScriptedClient({ [`GET runs/${RUN_ID}`]: ScriptedClient.never })
  );
  expect(screen.getByText('Loading the run')).toBeTruthy();
  view.unmount();
  show(
    <RunView id={RUN_ID} />,
    new ScriptedClient({
      [`GET runs/${RUN_ID}`]: new ApiError('There is no such run.', 404)
    })
  );
  expect(await screen.findByText('There is no such run.')).toBeTruthy();
});

test('before the first result it says what is running, never a blank chart', async () => {
  const client = new ScriptedClient(answers);
  show(<RunView id={RUN_ID} />, client);
  await screen.findByText('Starting the run.');
  client.emit(STREAM, [
    event(1, { type: 'stage', name: 'split', state: 'begin' })
  ]);
  expect(screen.getByText('Splitting off the test part.')).toBeTruthy();
  expect(
    screen.getByText('The first results will be here in a moment')
  ).toBeTruthy();
});

test('live: the sentence, the matrix, the worst rows, the log', async () => {
  const client = new ScriptedClient(answers);
  show(<RunView id={RUN_ID} />, client);
  await screen.findByRole('article');
  client.emit(STREAM, [
    event(1, { type: 'stage', name: 'fit', state: 'begin' }),
    epoch(2, 1, 0.5, 0.6),
    prediction,
    event(4, { type: 'log', stream: 'stdout', text: 'one\ntwo\n' })
  ]);
  expect(
    screen.getByText('Training: epoch 1 of 20, validation loss 0.6000.')
  ).toBeTruthy();
  expect(screen.getByText('75 % right; rows are the truth.')).toBeTruthy();
  const worst = screen.getByRole('group', {
    name: 'Rows with the largest error'
  });
  expect(within(worst).getAllByRole('row')).toHaveLength(2);
  expect(screen.getByText('Log: 2 lines')).toBeTruthy();
  fireEvent.click(screen.getByRole('button', { name: 'Show the numbers' }));
  const numbers = screen.getByRole('group', {
    name: 'Training and validation'
  });
  expect(within(numbers).getByRole('cell', { name: '0.6000' })).toBeTruthy();
});

test('a gap is filled from the event log, since the last event seen', async () => {
  const client = new ScriptedClient({
    ...answers,
    [`GET runs/${RUN_ID}/events`]: () => ({
      items: [epoch(2, 1, 0.5, 0.6), epoch(3, 2, 0.4, 0.5)],
      next_since: 3,
      state: 'running'
    })
  });
  show(<RunView id={RUN_ID} />, client);
  await screen.findByRole('article');
  client.emit(STREAM, [
    event(1, { type: 'stage', name: 'fit', state: 'begin' }),
    epoch(3, 2, 0.4, 0.5)
  ]);
  await screen.findByText('Training: epoch 2 of 20, validation loss 0.5000.');
  expect(client.asked().filter(path => path.includes('/events'))).toEqual([
    `runs/${RUN_ID}/events?since=1&limit=1000&no_track_activity=1`
  ]);
});

test('partial: a lost connection is said, and the log read instead', async () => {
  const client = new ScriptedClient({
    ...answers,
    [`GET runs/${RUN_ID}/events`]: {
      items: [epoch(1, 1, 0.5, 0.6)],
      next_since: 1,
      state: 'running'
    }
  });
  const view = show(<RunView id={RUN_ID} />, client);
  await screen.findByRole('article');
  act(() => client.streams[0].onState?.(false));
  expect(screen.getByText(/live connection is lost/)).toBeTruthy();
  expect(await screen.findByText(/Training: epoch 1 of 20/)).toBeTruthy();
  act(() => client.streams[0].onState?.(true));
  expect(screen.queryByText(/live connection is lost/)).toBeNull();
  view.unmount();
  expect(client.streams[0].stopped).toBe(true);
});

test('cancel asks first, with the safe button in focus', async () => {
  const client = new ScriptedClient(answers);
  show(<RunView id={RUN_ID} />, client);
  fireEvent.click(await screen.findByRole('button', { name: 'Cancel run' }));
  expect(document.activeElement?.textContent).toBe('Keep running');
  fireEvent.click(
    within(screen.getByRole('alertdialog')).getByRole('button', {
      name: 'Cancel run'
    })
  );
  expect(client.asked('POST')).toEqual([`runs/${RUN_ID}/cancel`]);
  client.emit(STREAM, [event(1, { type: 'cancelled', by: 'alice' })]);
  expect(screen.getByText('Run cancelled')).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'Cancel run' })).toBeNull();
});

test('evaluating asks, says that it is recorded, and shows test beside validation', async () => {
  const client = new ScriptedClient({
    ...answers,
    [`GET runs/${RUN_ID}`]: run({ state: 'done' }),
    [`POST runs/${RUN_ID}/evaluate`]: { id: TEST_ID },
    [`GET runs/${TEST_ID}`]: run({ id: TEST_ID, kind: 'evaluate' })
  });
  show(<RunView id={RUN_ID} />, client);
  await screen.findByRole('article');
  client.emit(STREAM, [
    event(1, {
      type: 'metric',
      name: 'accuracy',
      value: 0.97,
      part: 'validation'
    }),
    event(2, { type: 'done' })
  ]);
  const button = await screen.findByRole('button', {
    name: 'Evaluate on the test part'
  });
  await waitFor(() =>
    expect((button as HTMLButtonElement).disabled).toBe(false)
  );
  fireEvent.click(button);
  expect(screen.getByRole('alertdialog').textContent).toContain(
    'is recorded with the model'
  );
  expect(document.activeElement?.textContent).toBe('Keep it locked');
  fireEvent.click(screen.getByRole('button', { name: 'Unlock and evaluate' }));
  await waitFor(() => expect(client.streams).toHaveLength(2));
  client.emit(`runs/${TEST_ID}/stream`, [
    event(1, { type: 'metric', name: 'accuracy', value: 0.95, part: 'test' }),
    event(2, { type: 'done' })
  ]);
  expect(
    await screen.findByText('Done: accuracy 0.9500 on the test part.')
  ).toBeTruthy();
  const part = screen.getByRole('region', { name: 'Test part' });
  expect(
    within(part).getByRole('row', { name: 'accuracy 0.9700 0.9500' })
  ).toBeTruthy();
});

test('a failed run says why, in words', async () => {
  const client = new ScriptedClient({
    ...answers,
    [`GET runs/${RUN_ID}`]: run({ state: 'failed' })
  });
  show(<RunView id={RUN_ID} />, client);
  await screen.findByRole('article');
  client.emit(STREAM, [
    event(1, {
      type: 'failed',
      cause: 'oom',
      text: 'It needed more than 1 GiB.'
    })
  ]);
  expect(screen.getByText('Failed: It needed more than 1 GiB.')).toBeTruthy();
  expect(
    screen.getByText('This run ended before its first result.')
  ).toBeTruthy();
});

test('a field at fault is named where nothing can be changed', async () => {
  const client = new ScriptedClient({
    ...answers,
    [`GET runs/${RUN_ID}`]: run({ state: 'failed' })
  });
  show(<RunView id={RUN_ID} />, client);
  await screen.findByRole('article');
  client.emit(STREAM, [
    event(1, {
      type: 'failed',
      cause: 'error',
      field: 'dataset.target',
      text: 'There is no column y.'
    })
  ]);
  expect(screen.getByText('The field at fault: dataset.target')).toBeTruthy();
});

test('a model that is done can be tuned', async () => {
  const openTune = jest.fn();
  const client = new ScriptedClient({
    ...answers,
    [`GET runs/${RUN_ID}`]: run({ state: 'done' })
  });
  show(<RunView id={RUN_ID} />, client, { openTune });
  fireEvent.click(
    await screen.findByRole('button', { name: 'Tune this model' })
  );
  expect(openTune).toHaveBeenCalledWith({ run: RUN_ID });
});
