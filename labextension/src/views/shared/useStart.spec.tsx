import * as React from 'react';
import { useRef, useState } from 'react';
import { fireEvent, screen, waitFor } from '@testing-library/react';
import { RUN_ID } from '../../testing/samples';
import { ScriptedClient, show, ULID } from '../../testing/server';
import { ApiError } from '../client';
import { TextField } from './field';
import { Summary } from './summary';
import { useStart } from './useStart';

const LOST = new ApiError('The connection was lost.', 0);

/** The least form there is: a name, and what has become of it. */
function Form(): React.ReactElement {
  const root = useRef<HTMLDivElement>(null);
  const [name, setName] = useState('first');
  const [story, setStory] = useState('');
  const form = useStart({
    root,
    show: (_, failed) => setStory(failed ? 'back to the form' : ''),
    started: () => setStory(`${name} was started`)
  });
  return (
    <div ref={root}>
      <Summary form={form} />
      <TextField
        label="Name"
        path="name"
        value={name}
        error={form.errors.name}
        onChange={typed => {
          setName(typed);
          form.mended(() => ({}));
        }}
      />
      <button disabled={form.starting} onClick={() => press(form, name)}>
        Start
      </button>
      <button onClick={() => form.blame('name', 'Not this one.')}>Blame</button>
      <p role="status">{story}</p>
    </div>
  );
}
function press({ start }: ReturnType<typeof useStart>, name: string): void {
  void start({ name }, name ? {} : { name: 'Give it a name.' });
}

const start = async (): Promise<void> => {
  const button = screen.getByRole<HTMLButtonElement>('button', {
    name: 'Start'
  });
  await waitFor(() => expect(button.disabled).toBe(false));
  fireEvent.click(button);
};
const name = (text: string): void => {
  fireEvent.change(screen.getByLabelText('Name'), { target: { value: text } });
};

function opened(answer: () => unknown): ScriptedClient {
  const client = new ScriptedClient({ 'POST runs': answer });
  show(<Form />, client);
  return client;
}

const seen: unknown[] = [];
beforeEach(() => {
  seen.length = 0;
  Element.prototype.scrollIntoView = function (options) {
    seen.push([this.className, options]);
  };
});

test('a try after a lost answer has the same key, one for another spec a new one', async () => {
  const client = opened(() => LOST);
  await start();
  expect((await screen.findByRole('alert')).textContent).toMatch(
    /^Whether the run was started is not known\..*did not answer/
  );
  await start();
  await waitFor(() => expect(client.calls).toHaveLength(2));
  name('second');
  expect(screen.queryByRole('alert')).toBeNull();
  await start();
  await waitFor(() => expect(client.calls).toHaveLength(3));
  const [lost, again, other] = client.keys();
  expect(lost).toMatch(ULID);
  expect(again).toBe(lost);
  expect(other).toMatch(ULID);
  expect(other).not.toBe(lost);
});

test('the same spec once more, after a run was started with it, is another run', async () => {
  const client = opened(() => ({ id: RUN_ID }));
  await start();
  await screen.findByText('first was started');
  await start();
  await waitFor(() => expect(client.calls).toHaveLength(2));
  expect(new Set(client.keys()).size).toBe(2);
});

test('what is typed while the answer is on its way stays', async () => {
  let arrive: (run: { id: string }) => void = () => undefined;
  opened(() => new Promise(resolve => (arrive = resolve)));
  await start();
  name('later');
  arrive({ id: RUN_ID });
  expect(await screen.findByText('later was started')).toBeTruthy();
});

test('what is wrong already is not sent; the field has the focus', async () => {
  const client = opened(() => LOST);
  name('');
  await start();
  expect((await screen.findByRole('alert')).textContent).toBe(
    'The run was not started. name: Give it a name.'
  );
  expect(document.activeElement).toBe(screen.getByLabelText('Name'));
  expect(client.calls).toEqual([]);
  // The whole field comes into sight, with the message below the control.
  expect(seen).toEqual([['kf-Field kf-mod-error', { block: 'center' }]]);
});

test('what the server refuses as a whole is said in its words', async () => {
  opened(() => new ApiError('The disk quota is used up.', 409));
  await start();
  expect((await screen.findByRole('alert')).textContent).toBe(
    'The run was not started. The disk quota is used up.'
  );
});

test('a field that has no place in the form leaves the focus in the summary', async () => {
  opened(
    () =>
      new ApiError('Not so.', 400, [
        { field: 'engine.cpu', message: 'Too much.' }
      ])
  );
  await start();
  const line = await screen.findByRole('button', { name: 'engine.cpu' });
  await waitFor(() => expect(document.activeElement).toBe(line));
});

test('what a run has failed for takes its place, and is gone with the next try', async () => {
  opened(() => LOST);
  fireEvent.click(screen.getByRole('button', { name: 'Blame' }));
  expect(screen.getByRole('status').textContent).toBe('back to the form');
  expect(screen.getByRole('alert').textContent).toMatch(
    /^The last run failed\. name: Not this one\./
  );
  await start();
  expect(await screen.findByText(/^Whether the run was started/)).toBeTruthy();
});
