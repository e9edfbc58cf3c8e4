import * as React from 'react';
import { act, fireEvent, screen, within } from '@testing-library/react';
import { runAnswers, STREAM } from '../../testing/runs';
import { event, run, RUN_ID, tuneRun } from '../../testing/samples';
import { ScriptedClient, show } from '../../testing/server';
import { ApiError } from '../client';
import { RunPage } from '../runs/RunPage';

/** What the pages of all kinds of runs have alike. */
describe.each([
  ['train', run(), /its model is not kept/],
  ['tune', tuneRun(), /Its finished trials stay/]
])('%s', (_, record, loss) => {
  const opened = async (more: object = {}): Promise<ScriptedClient> => {
    const client = new ScriptedClient(runAnswers(record, more));
    show(<RunPage id={RUN_ID} />, client);
    await screen.findByRole('article', { name: record.name });
    return client;
  };

  test('its whole id is there, and can be copied', async () => {
    await opened();
    expect(
      screen.getByRole('button', { name: 'Copy id' }).closest('.kf-Run-id')
        ?.textContent
    ).toContain(RUN_ID);
  });

  test('a lost connection is said, and the log read instead', async () => {
    const items = [event(1, { type: 'log', stream: 'stdout', text: 'a\nb\n' })];
    const client = await opened({
      [`GET runs/${RUN_ID}/events`]: { items, next_since: 1, state: 'running' }
    });
    act(() => client.streams[0].onState?.(false));
    expect(screen.getByText(/live connection is lost/)).toBeTruthy();
    expect(await screen.findByText('Log: 2 lines')).toBeTruthy();
    act(() => client.streams[0].onState?.(true));
    expect(screen.queryByText(/live connection is lost/)).toBeNull();
  });

  test('cancelling asks first, says what stays, and has the safe button in focus', async () => {
    const client = await opened();
    fireEvent.click(screen.getByRole('button', { name: 'Cancel run' }));
    const asked = screen.getByRole('alertdialog');
    expect(asked.textContent).toMatch(loss);
    expect(document.activeElement?.textContent).toBe('Keep running');
    fireEvent.click(within(asked).getByRole('button', { name: 'Cancel run' }));
    expect(client.asked('POST')).toEqual([`runs/${RUN_ID}/cancel`]);
    client.emit(STREAM, [event(1, { type: 'cancelled', by: 'ada' })]);
    expect(await screen.findByText('Run cancelled')).toBeTruthy();
    expect(screen.queryByRole('button', { name: /^Cancel/ })).toBeNull();
  });

  test('a cancel that did not get through is told, and can be tried again', async () => {
    await opened({ [`POST runs/${RUN_ID}/cancel`]: new ApiError('', 0) });
    fireEvent.click(screen.getByRole('button', { name: 'Cancel run' }));
    fireEvent.click(
      within(screen.getByRole('alertdialog')).getByRole('button', {
        name: 'Cancel run'
      })
    );
    expect((await screen.findByRole('alert')).textContent).toMatch(
      /did not answer/
    );
    expect(
      screen.getByRole<HTMLButtonElement>('button', { name: 'Cancel run' })
        .disabled
    ).toBe(false);
  });

  test('a field at fault is named where nothing can be changed', async () => {
    const client = await opened();
    client.emit(STREAM, [
      event(1, {
        type: 'failed',
        cause: 'error',
        field: 'dataset.target',
        text: 'There is no column y.'
      })
    ]);
    expect(
      await screen.findByText('Failed: There is no column y.')
    ).toBeTruthy();
    expect(screen.getByText('The field at fault: dataset.target')).toBeTruthy();
  });

  test('an end is heard, and the stream let go with the page', async () => {
    const client = new ScriptedClient(runAnswers(record));
    const view = show(<RunPage id={RUN_ID} />, client);
    await screen.findByRole('article');
    client.emit(STREAM, [event(1, { type: 'done' })]);
    expect(await screen.findByText('Run done')).toBeTruthy();
    view.unmount();
    expect(client.streams[0].stopped).toBe(true);
  });
});

test('loading, and an error that can be tried again', async () => {
  let answer: unknown = ScriptedClient.never;
  const client = new ScriptedClient(
    runAnswers(run(), { [`GET runs/${RUN_ID}`]: () => answer })
  );
  const view = show(<RunPage id={RUN_ID} />, client);
  expect(screen.getByText('Loading the run')).toBeTruthy();
  view.unmount();
  answer = new ApiError('There is no such run.', 404);
  show(<RunPage id={RUN_ID} />, client);
  expect(await screen.findByText('There is no such run.')).toBeTruthy();
  answer = run();
  fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
  expect(await screen.findByRole('article')).toBeTruthy();
});
