import * as React from 'react';
import { act, fireEvent, screen, waitFor } from '@testing-library/react';
import { page, run, RUN_ID, tuneRun } from '../../testing/samples';
import { ScriptedClient, show } from '../../testing/server';
import { ApiError } from '../client';
import { RunPage } from './RunPage';
import { RunsView } from './RunsView';

const done = run({
  id: '01JYYYYYYYYYYYYYYYYYYYYYYY',
  name: 'second',
  state: 'done',
  ended: '2026-03-01T10:01:13.000Z',
  best: { metric: 'accuracy', value: 0.97222 }
});

test('loading, then empty with the one button', async () => {
  show(<RunsView />, new ScriptedClient({ 'GET runs': ScriptedClient.never }));
  expect(screen.getByText('Loading the runs')).toBeTruthy();
});

test('empty', async () => {
  const openTrain = jest.fn();
  show(<RunsView />, new ScriptedClient({ 'GET runs': page([]) }), {
    openTrain
  });
  fireEvent.click(await screen.findByRole('button', { name: 'Train a model' }));
  expect(openTrain).toHaveBeenCalled();
});

test('error', async () => {
  show(
    <RunsView />,
    new ScriptedClient({ 'GET runs': new ApiError('No.', 500) })
  );
  expect((await screen.findByRole('alert')).textContent).toContain('No.');
});

test('full: state as a word, key measure, duration; opens', async () => {
  const openRun = jest.fn();
  show(<RunsView />, new ScriptedClient({ 'GET runs': page([run(), done]) }), {
    openRun
  });
  expect(await screen.findByText('accuracy 0.9722')).toBeTruthy();
  expect(screen.getByText('1 m 12 s')).toBeTruthy();
  expect(screen.getAllByText('Running').length).toBeGreaterThan(1);
  fireEvent.click(screen.getByRole('button', { name: 'first try' }));
  expect(openRun).toHaveBeenCalledWith(RUN_ID);
});

test('keyboard: arrows go from run to run', async () => {
  show(<RunsView />, new ScriptedClient({ 'GET runs': page([run(), done]) }));
  const first = await screen.findByRole('button', { name: 'first try' });
  first.focus();
  fireEvent.keyDown(first, { key: 'ArrowUp' });
  expect(document.activeElement).toBe(first);
  fireEvent.keyDown(first, { key: 'ArrowDown' });
  expect(document.activeElement?.textContent).toBe('second');
});

test('polls quietly while seen, keeps old rows through an error, and rests while hidden', async () => {
  jest.useFakeTimers();
  try {
    let broken = false;
    const client = new ScriptedClient({
      'GET runs': () => (broken ? new ApiError('', 0) : page([done]))
    });
    const view = show(<RunsView />, client);
    await act(() => jest.advanceTimersByTimeAsync(3100));
    expect(client.asked()).toEqual([
      'runs?limit=500',
      'runs?limit=500&no_track_activity=1'
    ]);
    broken = true;
    await act(() => jest.advanceTimersByTimeAsync(3100));
    expect(screen.getByText(/may be old/)).toBeTruthy();
    expect(screen.getByRole('button', { name: 'second' })).toBeTruthy();
    view.unmount();
    const hidden = new ScriptedClient({ 'GET runs': page([]) });
    show(<RunsView />, hidden, { visible: false });
    await act(() => jest.advanceTimersByTimeAsync(20_000));
    expect(hidden.asked()).toEqual([]);
  } finally {
    jest.useRealTimers();
  }
});

test('filter chips ask the server, and come back after a reload', async () => {
  const kept: unknown[] = [];
  const client = new ScriptedClient({ 'GET runs': page([]) });
  const view = show(<RunsView onState={state => kept.push(state)} />, client);
  fireEvent.click(screen.getByRole('button', { name: 'Failed' }));
  await waitFor(() => expect(client.asked().pop()).toContain('state=failed'));
  view.unmount();
  show(<RunsView stored={kept.pop()} />, client);
  expect(
    screen.getByRole('button', { name: 'Failed' }).getAttribute('aria-pressed')
  ).toBe('true');
});

test('cancel and delete ask first; the safe button has the focus', async () => {
  const client = new ScriptedClient({
    'GET runs': page([run(), done]),
    [`POST runs/${RUN_ID}/cancel`]: {},
    [`DELETE runs/${done.id}`]: new ApiError('It is still being recorded.', 409)
  });
  show(<RunsView />, client);
  fireEvent.click(
    await screen.findByRole('button', { name: 'Cancel first try' })
  );
  expect(document.activeElement?.textContent).toBe('Keep running');
  fireEvent.click(screen.getByRole('button', { name: 'Keep running' }));
  expect(client.asked('POST')).toEqual([]);
  fireEvent.click(screen.getByRole('button', { name: 'Cancel first try' }));
  fireEvent.click(screen.getByRole('button', { name: 'Cancel run' }));
  expect(client.asked('POST')).toEqual([`runs/${RUN_ID}/cancel`]);
  fireEvent.click(await screen.findByRole('button', { name: 'Delete second' }));
  expect(screen.getByRole('alertdialog').textContent).toContain(
    'What is recorded in the metadata stays'
  );
  fireEvent.click(screen.getByRole('button', { name: 'Delete run' }));
  expect((await screen.findByRole('alert')).textContent).toBe(
    'It is still being recorded.'
  );
});

test('two or more can be compared', async () => {
  show(<RunsView />, new ScriptedClient({ 'GET runs': page([run(), done]) }));
  fireEvent.click(
    await screen.findByLabelText('Choose first try for comparison')
  );
  expect(
    (screen.getByRole('button', { name: 'Compare' }) as HTMLButtonElement)
      .disabled
  ).toBe(true);
  fireEvent.click(screen.getByLabelText('Choose second for comparison'));
  fireEvent.click(screen.getByRole('button', { name: 'Compare' }));
  expect(
    screen.getByRole('rowheader', { name: 'State (differs)' })
  ).toBeTruthy();
  expect(screen.getByRole('rowheader', { name: 'Dataset' })).toBeTruthy();
});

test('a search says how it searched and which trial is best, and opens its own page', async () => {
  const openTune = jest.fn();
  const search = (trial: number) =>
    tuneRun({ name: '', best: { metric: 'accuracy', value: 0.97, trial } });
  const view = show(
    <RunsView />,
    new ScriptedClient({ 'GET runs': page([search(7)]) }),
    { openTune }
  );
  expect(await screen.findByText('accuracy 0.9700 (trial 7)')).toBeTruthy();
  expect(screen.getByText('TPE, 12 trials')).toBeTruthy();
  fireEvent.click(
    screen.getByRole('button', { name: /^Tuning of RandomForestClassifier/ })
  );
  expect(openTune).toHaveBeenCalledWith({ id: RUN_ID });
  view.unmount();
  show(<RunsView />, new ScriptedClient({ 'GET runs': page([search(0)]) }));
  expect(
    await screen.findByText('accuracy 0.9700 (the baseline)')
  ).toBeTruthy();
});

test('a run that is not done says how far it is, and a search the best so far', async () => {
  const search = tuneRun({
    reached: { done: 5, of: 12, unit: 'trial' },
    best: { metric: 'accuracy', value: 0.95, trial: 3 }
  });
  const training = run({
    id: done.id,
    reached: { done: 3, of: 20, unit: 'epoch' }
  });
  show(
    <RunsView />,
    new ScriptedClient({ 'GET runs': page([search, training]) })
  );
  expect(await screen.findByText('TPE, 12 trials, 5 ended')).toBeTruthy();
  expect(screen.getByText('accuracy 0.9500 (trial 3)')).toBeTruthy();
  expect(screen.getByText('Epoch 3 of 20')).toBeTruthy();
});

test('the page of a run is that of its kind', async () => {
  const opened = (of: unknown) =>
    show(
      <RunPage id={RUN_ID} />,
      new ScriptedClient({ [`GET runs/${RUN_ID}`]: of, 'GET runs': page([]) })
    );
  const view = opened(tuneRun());
  expect(await screen.findByText('Starting the search.')).toBeTruthy();
  view.unmount();
  opened(run());
  expect(await screen.findByText('Starting the run.')).toBeTruthy();
});
