import * as React from 'react';
import {
  cleanup,
  fireEvent,
  screen,
  waitFor,
  within
} from '@testing-library/react';
import { runAnswers, STREAM } from '../../testing/runs';
import { epoch, event, run, RUN_ID } from '../../testing/samples';
import { ScriptedClient, show } from '../../testing/server';
import type { Run } from '../shared/types';
import { RunView } from './RunView';

const TEST_ID = '01JXXXXXXXXXXXXXXXXXXXXXXX';

const opened = async (
  change: Partial<Run> = {},
  more: object = {},
  host: Parameters<typeof show>[2] = {}
): Promise<ScriptedClient> => {
  const client = new ScriptedClient(runAnswers(run(change), more));
  show(<RunView id={RUN_ID} />, client, host);
  await screen.findByRole('article');
  return client;
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

test('before the first result it says what is running, never a blank chart', async () => {
  const client = await opened();
  expect(screen.getByText('Starting the run.')).toBeTruthy();
  client.emit(STREAM, [
    event(1, { type: 'stage', name: 'split', state: 'begin' })
  ]);
  expect(screen.getByText('Splitting off the test part.')).toBeTruthy();
  expect(
    screen.getByText('The first results will be here in a moment')
  ).toBeTruthy();
});

test('live: the sentence, the matrix, the worst rows, the log', async () => {
  const client = await opened();
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
  const client = await opened(
    {},
    {
      [`GET runs/${RUN_ID}/events`]: {
        items: [epoch(2, 1, 0.5, 0.6), epoch(3, 2, 0.4, 0.5)],
        next_since: 3,
        state: 'running'
      }
    }
  );
  client.emit(STREAM, [
    event(1, { type: 'stage', name: 'fit', state: 'begin' }),
    epoch(3, 2, 0.4, 0.5)
  ]);
  await screen.findByText('Training: epoch 2 of 20, validation loss 0.5000.');
  expect(client.asked().filter(path => path.includes('/events'))).toEqual([
    `runs/${RUN_ID}/events?since=1&limit=1000&no_track_activity=1`
  ]);
});

test('evaluating asks, says that it is recorded, and shows test beside validation', async () => {
  const client = await opened(
    { state: 'done' },
    {
      [`POST runs/${RUN_ID}/evaluate`]: { id: TEST_ID },
      [`GET runs/${TEST_ID}`]: run({ id: TEST_ID, kind: 'evaluate' })
    }
  );
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
  // Sent again after a lost answer, it would be the same run.
  expect(client.keys()).toHaveLength(1);
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

test('a model that was fitted again says that its measures are of the fit before', async () => {
  const again = /fitted once more, on train\+validation/;
  const { spec } = run();
  await opened({
    state: 'done',
    spec: { ...spec, training: { refit: 'train+validation' } }
  });
  expect(screen.getByText(again)).toBeTruthy();
  cleanup();
  await opened({ state: 'done' });
  expect(screen.queryByText(again)).toBeNull();
});

test('of a learning curve no step is the best: the model of the last is saved', async () => {
  const client = await opened();
  const steps = [epoch(1, 10, 0.5, 0.4), epoch(2, 20, 0.4, 0.6)];
  client.emit(
    STREAM,
    steps.map(step => ({ ...step, unit: 'samples' as const }))
  );
  expect(
    await screen.findByRole('img', {
      name: 'Validation loss over 2 steps: now 0.6000.'
    })
  ).toBeTruthy();
});

test('a failed run says why, in words', async () => {
  const client = await opened({ state: 'failed' });
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

test('a model that is done can be tuned', async () => {
  const openTune = jest.fn();
  await opened({ state: 'done' }, {}, { openTune });
  fireEvent.click(screen.getByRole('button', { name: 'Tune this model' }));
  expect(openTune).toHaveBeenCalledWith({ run: RUN_ID });
});
