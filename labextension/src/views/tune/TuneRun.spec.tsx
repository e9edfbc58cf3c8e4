import * as React from 'react';
import {
  act,
  fireEvent,
  screen,
  waitFor,
  within
} from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import {
  endedSearch,
  resumable,
  runAnswers,
  Story,
  STREAM
} from '../../testing/runs';
import {
  artifact,
  event,
  page,
  run,
  RUN_ID,
  tuneRun
} from '../../testing/samples';
import { asksNothing, ScriptedClient, show, trans } from '../../testing/server';
import { ApiError } from '../client';
import { HostProvider } from '../shared/host';
import type { Run } from '../shared/types';
import type { PageState } from './page';
import { TuneRun } from './TuneRun';

const BEST_ID = '01JBBBBBBBBBBBBBBBBBBBBBBB';
const answers = runAnswers(tuneRun());

const opened = async (
  client: ScriptedClient,
  props: Partial<React.ComponentProps<typeof TuneRun>> = {},
  host: Parameters<typeof show>[2] = {}
) => {
  const view = show(<TuneRun id={RUN_ID} {...props} />, client, host);
  await screen.findByRole('article');
  return view;
};
const table = (): HTMLElement => screen.getByRole('table', { name: '' });
const rows = (): string[] =>
  within(screen.getByRole('group', { name: 'Trials' }))
    .getAllByRole('rowheader')
    .map(header => header.textContent?.replace(/Best.*/, '').trim() ?? '');

test('empty: before the first result it says what runs, never a blank chart', async () => {
  const client = new ScriptedClient(answers);
  const story = new Story();
  await opened(client);
  expect(screen.getByText('Starting the search.')).toBeTruthy();
  client.emit(STREAM, [story.trial(0, { state: 'running' })]);
  expect(await screen.findByText(/^Measuring the baseline/)).toBeTruthy();
  expect(
    screen.getByText('accuracy over trials: nothing measured yet.')
  ).toBeTruthy();
});

test('an ended search without a trial says so', async () => {
  const client = new ScriptedClient(endedSearch('failed'));
  await opened(client);
  client.emit(STREAM, [
    event(1, {
      type: 'failed',
      cause: 'error',
      text: 'There is no column y.',
      field: 'dataset.target'
    })
  ]);
  expect(
    await screen.findByText('This search ended before its first trial.')
  ).toBeTruthy();
  expect(await screen.findByText('Failed: There is no column y.')).toBeTruthy();
});

test('live: sentence, counts, and a row for each trial, the baseline first', async () => {
  const client = new ScriptedClient(answers);
  const story = new Story();
  await opened(client);
  client.emit(STREAM, [
    ...story.values(0.931, 0.9, 0.972),
    story.trial(3, { state: 'running' }),
    story.step(3, 1),
    story.step(3, 2),
    story.trial(4, { state: 'running' }),
    story.trial(4, {
      state: 'failed',
      cause: 'oom',
      text: 'Memory ran out.',
      seconds: 2
    })
  ]);
  expect(
    await screen.findByText(
      'Best of 2 so far: accuracy 0.972, 0.041 above the baseline.'
    )
  ).toBeTruthy();
  expect(
    screen.getByText('2 of 12 trials done, 1 running, 1 failed')
  ).toBeTruthy();
  expect(rows()).toEqual([
    'Baseline',
    'Trial 1',
    'Trial 2',
    'Trial 3',
    'Trial 4'
  ]);
  const best = screen.getByRole('row', { name: /^Trial 2/ });
  expect(best.textContent).toContain(
    'Best: highest accuracy, better than the baseline by 0.041'
  );
  expect(screen.getByText('Running: epoch 2 of 20')).toBeTruthy();
  expect(screen.getByText('Failed: out of memory')).toBeTruthy();
  expect(
    screen.getByRole('img', { name: /best 0\.972 in Trial 2/ })
  ).toBeTruthy();
  // It can't be registered while it goes on.
  expect(
    screen.getByRole<HTMLButtonElement>('button', { name: /^Train the best/ })
      .disabled
  ).toBe(true);
});

test('at the end: the sentence without "so far", or that none beats the baseline', async () => {
  const client = new ScriptedClient(endedSearch('done'));
  const story = new Story();
  const view = await opened(client);
  client.emit(STREAM, [
    ...story.values(0.953, 0.9, 0.951),
    story.next({
      type: 'done',
      best: { metric: 'accuracy', value: 0.953, trial: 0 }
    })
  ]);
  expect(
    await screen.findByText(
      'None of 2 trials beats the baseline: best 0.951, baseline 0.953.'
    )
  ).toBeTruthy();
  expect(
    screen.getByRole('button', {
      name: 'Train the baseline, which no trial beats, on train+validation and register'
    })
  ).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'Resume' })).toBeNull();
  view.unmount();
});

test('all failed: the reason stands at each', async () => {
  const client = new ScriptedClient(endedSearch('failed'));
  const story = new Story();
  await opened(client);
  const failed = {
    state: 'failed',
    cause: 'nan',
    text: 'The loss is not a number.'
  };
  client.emit(STREAM, [
    story.trial(0, failed),
    story.trial(1, failed),
    story.trial(2, failed),
    story.next({
      type: 'failed',
      cause: 'nan',
      text: 'Three trials in a row failed alike.'
    })
  ]);
  expect(await screen.findByText('All 2 trials failed.')).toBeTruthy();
  expect(screen.getAllByText('Failed: not a number')).toHaveLength(3);
  expect(
    screen.getByText('Failed: Three trials in a row failed alike.')
  ).toBeTruthy();
  expect(screen.queryByRole('button', { name: /register/ })).toBeNull();
});

test('without a trial that was done there is nothing to register', async () => {
  const client = new ScriptedClient(endedSearch('failed'));
  const story = new Story();
  await opened(client);
  client.emit(STREAM, [
    ...story.done(0, 0.9),
    story.trial(1, { state: 'failed', cause: 'error', text: 'Boom.' })
  ]);
  expect(await screen.findByText('The only trial failed.')).toBeTruthy();
  expect(screen.queryByRole('button', { name: /register/ })).toBeNull();
});

test('says by what and how long it searches, and of which part its best is', async () => {
  const record = tuneRun();
  const client = new ScriptedClient(
    runAnswers({
      ...record,
      spec: {
        ...record.spec,
        tuning: {
          method: 'hyperband',
          resource: { name: 'samples', max: 1078 },
          budget: { trials: 8 }
        }
      }
    })
  );
  const story = new Story();
  await opened(client);
  expect(screen.getByText('Hyperband, 8 trials')).toBeTruthy();
  client.emit(STREAM, [
    ...story.done(0, 0.1889),
    story.trial(1, { state: 'done', value: 0.641666667, resource: 120 })
  ]);
  expect(await screen.findByText(/^Best of 1 so far/)).toHaveProperty(
    'textContent',
    'Best of 1 so far: accuracy 0.6417, 0.4528 above the baseline. The best trial was given 120 of 1,078 samples, the baseline all of them.'
  );
  fireEvent.click(
    within(screen.getByRole('group', { name: 'Trials' })).getByRole('button', {
      name: 'Trial 1'
    })
  );
  const drawer = screen.getByRole('region', { name: 'Trial 1' });
  expect(within(drawer).getByText('0.6417').title).toBe('0.641666667');
});

test('in a narrow panel a chosen trial is brought into sight, and its heading has the focus', async () => {
  const style = document.head.appendChild(document.createElement('style'));
  const seen = jest.fn();
  HTMLElement.prototype.scrollIntoView = seen;
  try {
    const client = new ScriptedClient(answers);
    const story = new Story();
    await opened(client);
    client.emit(STREAM, story.values(0.9, 0.95, 0.97));
    const trial = await screen.findByRole('button', { name: 'Trial 1' });
    trial.focus();
    fireEvent.click(trial);
    expect(document.activeElement).toBe(trial);
    style.textContent = '.kf-Tune-trials { flex-direction: column; }';
    fireEvent.click(
      within(screen.getByRole('group', { name: 'Trials' })).getByRole(
        'button',
        { name: 'Trial 2' }
      )
    );
    expect(document.activeElement).toBe(
      screen.getByRole('heading', { name: 'Trial 2' })
    );
    expect(seen).toHaveBeenCalledTimes(1);
  } finally {
    style.remove();
    delete (HTMLElement.prototype as Partial<HTMLElement>).scrollIntoView;
  }
});

test('sorting: an order that was asked for stays while trials come, until it is asked for again', async () => {
  const client = new ScriptedClient(answers);
  const story = new Story();
  await opened(client);
  client.emit(STREAM, story.values(0.9, 0.5, 0.7));
  await screen.findByText(/^None of 2/);
  fireEvent.click(screen.getByRole('button', { name: 'accuracy' }));
  fireEvent.click(screen.getByRole('button', { name: 'accuracy' }));
  expect(rows()).toEqual(['Baseline', 'Trial 2', 'Trial 1']);
  expect(
    screen
      .getByRole('columnheader', { name: 'accuracy' })
      .getAttribute('aria-sort')
  ).toBe('descending');
  client.emit(STREAM, story.done(3, 0.8));
  await screen.findByText(/^None of 3/);
  expect(rows()).toEqual(['Baseline', 'Trial 2', 'Trial 1', 'Trial 3']);
  fireEvent.click(
    screen.getByRole('button', { name: '1 trial has ended since; sort again' })
  );
  expect(rows()).toEqual(['Baseline', 'Trial 3', 'Trial 2', 'Trial 1']);
});

test('what only the baseline was given is not shown as a trial’s', async () => {
  const { spec } = tuneRun();
  const client = new ScriptedClient({
    ...answers,
    [`GET runs/${RUN_ID}`]: tuneRun({
      spec: {
        ...spec,
        model: {
          family: 'sklearn:RandomForestClassifier',
          params: { n_estimators: 50 }
        },
        tuning: {
          ...spec.tuning,
          baseline: { n_estimators: 100, max_depth: 0, ccp_alpha: 0 }
        }
      }
    })
  });
  const story = new Story();
  await opened(client);
  client.emit(STREAM, [
    ...story.done(0, 0.9),
    story.trial(1, { state: 'done', value: 0.8, params: { max_depth: 3 } })
  ]);
  fireEvent.click(await screen.findByRole('button', { name: 'Trial 1' }));
  const drawer = screen.getByRole('region', { name: 'Trial 1' });
  const rows = within(drawer)
    .getAllByRole('row')
    .map(row => row.textContent);
  expect(rows).toEqual(
    expect.arrayContaining([
      'n_estimators (differs)50100',
      'max_depth (differs)30',
      'ccp_alpha (differs)default0',
      'max_featuressqrtsqrt'
    ])
  );
});

test('a trial opens beside the list: differences, measures, curve, log, failure; Esc closes it', async () => {
  const user = userEvent.setup();
  const client = new ScriptedClient(answers);
  const story = new Story();
  await opened(client);
  client.emit(STREAM, [
    ...story.done(0, 0.9),
    story.trial(1, { state: 'running' }),
    story.step(1, 1),
    story.next({ type: 'log', trial: 1, stream: 'stdout', text: 'one\ntwo\n' }),
    story.trial(1, {
      state: 'failed',
      cause: 'error',
      text: 'ValueError: no.',
      traceback: 'Traceback: line 7',
      seconds: 3
    })
  ]);
  await user.click(await screen.findByRole('button', { name: 'Trial 1' }));
  const drawer = screen.getByRole('region', { name: 'Trial 1' });
  expect(within(drawer).getByText('ValueError: no.')).toBeTruthy();
  expect(within(drawer).getByText('Traceback: line 7')).toBeTruthy();
  expect(within(drawer).getByText('Log: 2 lines')).toBeTruthy();
  expect(
    within(drawer)
      .getAllByRole('row')
      .map(row => row.textContent)
  ).toEqual([
    'ParametersTrial 1Baseline',
    'n_estimators (differs)101100',
    'max_depth (differs)10',
    'max_featuressqrtsqrt',
    'ccp_alpha00'
  ]);
  expect(
    await within(drawer).findByRole('heading', {
      name: 'Training and validation'
    })
  ).toBeTruthy();
  // The choice stays while more comes.
  client.emit(STREAM, story.done(2, 0.95));
  await screen.findByText(/^Best of 1/);
  expect(screen.getByRole('region', { name: 'Trial 1' })).toBeTruthy();
  within(drawer)
    .getByRole('button', { name: /^Close/ })
    .focus();
  await user.keyboard('{Escape}');
  expect(screen.queryByRole('region', { name: 'Trial 1' })).toBeNull();
  expect(document.activeElement?.textContent).toBe('Trial 1');
});

test('keyboard: arrows go through the trials from the baseline on, Enter opens', async () => {
  const user = userEvent.setup();
  const client = new ScriptedClient(answers);
  const story = new Story();
  await opened(client);
  client.emit(STREAM, story.values(0.9, 0.5, 0.7));
  await screen.findByText(/^None of 2/);
  const baseline = within(
    screen.getByRole('group', { name: 'Trials' })
  ).getByRole('button', { name: 'Baseline' });
  baseline.focus();
  await user.keyboard('{ArrowDown}{ArrowDown}');
  expect(document.activeElement?.textContent).toBe('Trial 2');
  await user.keyboard('{ArrowDown}');
  expect(document.activeElement?.textContent).toBe('Trial 2');
  await user.keyboard('{ArrowUp}{Enter}');
  expect(screen.getByRole('region', { name: 'Trial 1' })).toBeTruthy();
});

test('of many trials only those in sight are drawn, and the keyboard reaches all', async () => {
  const user = userEvent.setup();
  const client = new ScriptedClient(answers);
  const story = new Story();
  await opened(client);
  const many = [...story.done(0, 0.5)];
  for (let number = 1; number <= 200; number++) {
    many.push(...story.done(number, number / 1000));
  }
  client.emit(STREAM, many);
  await screen.findByText(/^None of 200/);
  expect(rows().length).toBeLessThan(60);
  expect(table().getAttribute('aria-rowcount')).toBe('202');
  screen.getByRole('button', { name: 'Trial 20' }).focus();
  for (let press = 0; press < 15; press++) {
    await user.keyboard('{ArrowDown}');
  }
  expect(document.activeElement?.textContent).toBe('Trial 35');
});

test('a range that is kept filters the table, and can be removed', async () => {
  const client = new ScriptedClient(answers);
  const story = new Story();
  const kept: PageState[] = [];
  const view = await opened(client, { onState: state => kept.push(state) });
  client.emit(STREAM, story.values(0.9, 0.5, 0.7, 0.8));
  fireEvent.change(await screen.findByLabelText('Axis'), {
    target: { value: 'max_depth' }
  });
  fireEvent.change(screen.getByLabelText('From'), { target: { value: '2' } });
  fireEvent.click(screen.getByRole('button', { name: 'Keep these' }));
  expect(rows()).toEqual(['Baseline', 'Trial 2', 'Trial 3']);
  expect(screen.getByText('2 of 3 in the ranges kept')).toBeTruthy();
  view.unmount();
  const stored: unknown = JSON.parse(JSON.stringify(kept[kept.length - 1]));
  await opened(client, { stored });
  const again = new Story();
  client.emit(STREAM, again.values(0.9, 0.5));
  fireEvent.click(
    await screen.findByRole('button', { name: /^max_depth from 2/ })
  );
  expect(
    screen.queryByRole('button', { name: /^max_depth from 2/ })
  ).toBeNull();
});

test('a trial that runs can be stopped, once confirmed, and one that has ended not', async () => {
  let answer: object = new ApiError('', 0);
  const client = new ScriptedClient({
    ...answers,
    [`POST runs/${RUN_ID}/trials/1/stop`]: () => answer
  });
  const story = new Story();
  await opened(client);
  client.emit(STREAM, [
    ...story.done(0, 0.9),
    story.trial(1, { state: 'running' })
  ]);
  fireEvent.click(await screen.findByRole('button', { name: /^Trial 1/ }));
  const stop = (): HTMLElement =>
    screen.getByRole('button', { name: 'Stop trial' });
  const confirm = (): void => {
    const asked = screen.getByRole('alertdialog');
    expect(asked.textContent).toMatch('The search goes on');
    fireEvent.click(within(asked).getByRole('button', { name: 'Stop trial' }));
  };
  stop().focus();
  fireEvent.click(stop());
  expect(client.asked('POST')).toEqual([]);
  fireEvent.keyDown(screen.getByRole('alertdialog'), { key: 'Escape' });
  expect(screen.getByRole('region', { name: 'Trial 1' })).toBeTruthy();
  confirm();
  expect(await screen.findByRole('alert')).toBeTruthy();
  answer = tuneRun();
  stop().focus();
  fireEvent.click(stop());
  confirm();
  const waits = await screen.findByRole('button', { name: 'Stopping…' });
  expect(document.activeElement).toBe(waits);
  fireEvent.click(waits);
  expect(screen.queryByRole('alertdialog')).toBeNull();
  client.emit(STREAM, [
    story.trial(1, {
      state: 'pruned',
      text: 'It was stopped on request, before it had a result.',
      seconds: 2
    })
  ]);
  const drawer = screen.getByRole('region', { name: 'Trial 1' });
  expect(await within(drawer).findByText('Stopped early')).toBeTruthy();
  expect(within(drawer).getByText(/^It was stopped on request/)).toBeTruthy();
  expect(within(drawer).queryByRole('button', { name: /Stop/ })).toBeNull();
  expect(within(drawer).getByText('State: Stopped early')).toBeTruthy();
  expect(document.activeElement).toBe(within(drawer).getByRole('heading'));
});

test('resume: it goes on from the last event, with what was finished', async () => {
  const client = new ScriptedClient(resumable('interrupted'));
  const story = new Story();
  await opened(client);
  client.emit(STREAM, [
    ...story.done(0, 0.9),
    story.trial(1, { state: 'running' }),
    story.next({ type: 'interrupted', by: 'the machine' })
  ]);
  expect(await screen.findByText(/^Interrupted: the machine/)).toBeTruthy();
  expect(screen.getByText('Cut off')).toBeTruthy();
  fireEvent.click(screen.getByRole('button', { name: 'Resume' }));
  await waitFor(() => expect(client.streams).toHaveLength(2));
  expect(client.streams[0].stopped).toBe(true);
  expect(client.streams[1].path).toBe(`${STREAM}?since=4`);
  client.emit(STREAM, [
    story.next({ type: 'resumed', by: 'ada' }),
    ...story.done(1, 0.95)
  ]);
  expect(
    await screen.findByText(
      'Best of 1 so far: accuracy 0.95, 0.05 above the baseline.'
    )
  ).toBeTruthy();
  expect(
    await screen.findByRole('button', { name: 'Cancel run' })
  ).toBeTruthy();
});

test('a search that goes on from elsewhere is followed on, also after its result', async () => {
  jest.useFakeTimers();
  try {
    let state: Run['state'] = 'interrupted';
    const client = new ScriptedClient({
      ...answers,
      [`GET runs/${RUN_ID}`]: () =>
        tuneRun({
          state,
          ended: state === 'running' ? null : event(0, {}).time
        })
    });
    const story = new Story();
    const reads = (): number =>
      client.asked().filter(path => path.startsWith(`runs/${RUN_ID}`)).length;
    const wait = (seconds: number): Promise<void> =>
      act(() => jest.advanceTimersByTimeAsync(seconds * 1000));
    await opened(client);
    client.emit(STREAM, [
      ...story.done(0, 0.9),
      story.next({ type: 'interrupted', by: 'the machine' })
    ]);
    await wait(1);
    expect(screen.getByRole('button', { name: 'Resume' })).toBeTruthy();
    let before = reads();
    await wait(60);
    expect(reads() - before).toBe(6);
    expect(client.streams).toHaveLength(1);

    state = 'running';
    await wait(10);
    expect(client.streams.map(stream => stream.path)).toEqual([
      `${STREAM}?since=0`,
      `${STREAM}?since=3`
    ]);
    client.emit(STREAM, [
      story.next({ type: 'resumed', by: 'ada' }),
      ...story.done(1, 0.95)
    ]);
    await wait(1);
    expect(screen.getByText(/^Best of 1 so far/)).toBeTruthy();

    state = 'done';
    client.emit(STREAM, [story.next({ type: 'done' })]);
    await wait(1);
    before = reads();
    await wait(60);
    expect(reads() - before).toBe(6);
    expect(client.streams).toHaveLength(2);
    state = 'running';
    await wait(10);
    expect(client.streams).toHaveLength(3);
  } finally {
    jest.useRealTimers();
  }
});

test('a hidden page does not ask whether an ended search goes on', async () => {
  jest.useFakeTimers();
  try {
    const client = new ScriptedClient(endedSearch('cancelled'));
    const view = await opened(client);
    client.emit(STREAM, [event(1, { type: 'cancelled', by: 'ada' })]);
    view.rerender(
      <HostProvider value={{ client, trans, visible: false }}>
        <TuneRun id={RUN_ID} />
      </HostProvider>
    );
    await asksNothing(client);
  } finally {
    jest.useRealTimers();
  }
});

test.each(['running', 'done'] as const)(
  'a resume of what was resumed elsewhere, and is %s, follows it',
  async state => {
    let now: Run['state'] = 'interrupted';
    const client = new ScriptedClient({
      ...answers,
      [`GET runs/${RUN_ID}`]: () =>
        tuneRun({
          state: now,
          ended: now === 'running' ? null : '2026-03-01T10:09:00.000Z'
        }),
      [`POST runs/${RUN_ID}/resume`]: () => {
        now = state;
        return new ApiError('There is nothing to resume.', 409);
      }
    });
    await opened(client);
    client.emit(STREAM, [event(1, { type: 'interrupted', by: 'the machine' })]);
    await screen.findByText(/^Interrupted: the machine/);
    const before = client.streams.length;
    fireEvent.click(screen.getByRole('button', { name: 'Resume' }));
    await waitFor(() => expect(client.streams.length).toBeGreaterThan(before));
    expect(client.streams[client.streams.length - 1].path).toBe(
      `${STREAM}?since=1`
    );
    expect(screen.queryByRole('alert')).toBeNull();
  }
);

test('a resume that is refused says why', async () => {
  const client = new ScriptedClient(
    endedSearch('failed', {
      [`POST runs/${RUN_ID}/resume`]: new ApiError(
        'There is nothing to resume.',
        409
      )
    })
  );
  await opened(client);
  fireEvent.click(screen.getByRole('button', { name: 'Resume' }));
  expect((await screen.findByRole('alert')).textContent).toBe(
    'There is nothing to resume.'
  );
});

test('a search that is done is given more trials than it has had', async () => {
  const client = new ScriptedClient(resumable('done'));
  const story = new Story();
  await opened(client);
  client.emit(STREAM, [
    ...story.values(0.9, 0.91, 0.92),
    story.next({ type: 'done' })
  ]);
  fireEvent.click(await screen.findByRole('button', { name: 'More trials…' }));
  const field = screen.getByLabelText<HTMLInputElement>('Trials in all');
  expect(field.value).toBe('4');
  expect(document.activeElement).toBe(field);
  fireEvent.change(field, { target: { value: '2' } });
  fireEvent.click(screen.getByRole('button', { name: 'Search on' }));
  expect(
    screen.getByText('"2" isn\'t a whole number from 3 to 10,000.')
  ).toBeTruthy();
  expect(client.asked('POST')).toEqual([]);
  fireEvent.change(field, { target: { value: '6' } });
  fireEvent.click(screen.getByRole('button', { name: 'Search on' }));
  await waitFor(() => expect(client.streams).toHaveLength(2));
  expect(client.calls).toContainEqual({
    method: 'POST',
    path: `runs/${RUN_ID}/resume`,
    body: { budget: { trials: 6 } }
  });
  client.emit(STREAM, [story.next({ type: 'resumed', by: 'ada' })]);
  expect(
    await screen.findByRole('button', { name: 'Cancel run' })
  ).toBeTruthy();
});

test('what the server has against more trials is said at the field', async () => {
  const client = new ScriptedClient(
    endedSearch('done', {
      [`POST runs/${RUN_ID}/resume`]: new ApiError('It has had 9.', 400, [
        { field: 'budget.trials', message: 'It has had 9.' }
      ])
    })
  );
  await opened(client);
  const story = new Story();
  client.emit(STREAM, [
    ...story.values(0.9, 0.91),
    story.next({ type: 'done' })
  ]);
  fireEvent.click(await screen.findByRole('button', { name: 'More trials…' }));
  fireEvent.click(screen.getByRole('button', { name: 'Search on' }));
  await screen.findByText('It has had 9.');
  expect(
    screen.getByLabelText('Trials in all').getAttribute('aria-invalid')
  ).toBe('true');
});

test('a space that is used up is not searched on', async () => {
  const client = new ScriptedClient(endedSearch('done'));
  const story = new Story();
  await opened(client);
  client.emit(STREAM, [
    ...story.values(0.9, 0.91),
    story.next({
      type: 'warning',
      code: 'space-exhausted',
      text: 'All tried.',
      hint: ''
    }),
    story.next({ type: 'done' })
  ]);
  await screen.findByText(/All tried/);
  expect(screen.queryByRole('button', { name: 'More trials…' })).toBeNull();
});

const register = (): void => {
  fireEvent.click(screen.getByRole('button', { name: /^Train the best/ }));
};

test('register: opens the run that trains the best, and then leads to its model', async () => {
  const openRun = jest.fn();
  const openMetadata = jest.fn();
  const client = new ScriptedClient(
    endedSearch('done', {
      [`POST runs/${RUN_ID}/register`]: { id: BEST_ID },
      [`GET runs/${BEST_ID}`]: run({ id: BEST_ID, state: 'done' }),
      'GET metadata/artifacts': page([artifact({ id: 42 })])
    })
  );
  const story = new Story();
  await opened(client, {}, { openRun, openMetadata });
  client.emit(STREAM, [
    ...story.values(0.9, 0.95),
    story.next({ type: 'done' })
  ]);
  await screen.findByText(/^Best of 1:/);
  register();
  await waitFor(() => expect(openRun).toHaveBeenCalledWith(BEST_ID));
  fireEvent.click(
    await screen.findByRole('button', {
      name: 'Open the model in the metadata'
    })
  );
  expect(openMetadata).toHaveBeenCalledWith(42, 'forest');
  expect(client.asked()).toContain(
    `metadata/artifacts?${new URLSearchParams({
      type: 'system.Model',
      filter: `prop.run_id = "${BEST_ID}"`,
      limit: '1'
    }).toString()}`
  );
});

test('what was registered before is found again; a refusal says why', async () => {
  const client = new ScriptedClient(
    endedSearch('cancelled', {
      'GET runs': page([
        run({
          id: BEST_ID,
          spec: { ...run().spec, from: { run: RUN_ID } }
        })
      ]),
      [`GET runs/${BEST_ID}`]: run({ id: BEST_ID }),
      [`POST runs/${RUN_ID}/register`]: new ApiError(
        'The data has changed.',
        409
      )
    })
  );
  const story = new Story();
  await opened(client, {}, { openRun: jest.fn() });
  client.emit(STREAM, [
    ...story.values(0.9, 0.95),
    story.next({ type: 'cancelled', by: 'ada' })
  ]);
  expect(await screen.findByText(/Registered by run BBBBBB/)).toBeTruthy();
  register();
  expect((await screen.findByRole('alert')).textContent).toBe(
    'The data has changed.'
  );
});

test('a field at fault leads back to the form', async () => {
  const onMend = jest.fn();
  const client = new ScriptedClient(endedSearch('failed'));
  await opened(client, { onMend });
  client.emit(STREAM, [
    event(1, {
      type: 'failed',
      cause: 'error',
      field: 'tuning.objective.metric',
      text: 'It needs probabilities.'
    })
  ]);
  fireEvent.click(await screen.findByRole('button', { name: 'Change it' }));
  expect(onMend).toHaveBeenCalledWith(
    'tuning.objective.metric',
    'It needs probabilities.'
  );
});

test('a run that was started from Python without a space shows its trials’ parameters', async () => {
  const told = tuneRun();
  const client = new ScriptedClient({
    ...answers,
    [`GET runs/${RUN_ID}`]: {
      ...told,
      spec: { ...told.spec, tuning: { method: 'tpe' } }
    }
  });
  const story = new Story();
  await opened(client);
  client.emit(STREAM, story.values(0.9, 0.95));
  await screen.findByText(/^Best of 1/);
  expect(
    screen.getAllByRole('columnheader').map(header => header.textContent)
  ).toEqual([
    'Trial',
    'State',
    'accuracy',
    '±',
    'Duration',
    'n_estimators',
    'max_depth',
    'max_features'
  ]);
});
