import * as React from 'react';
import { fireEvent, screen, waitFor } from '@testing-library/react';
import { page, run, RUN_ID } from '../../testing/samples';
import { ScriptedClient, show, ULID } from '../../testing/server';
import { ApiError } from '../client';
import { Register } from './Register';

const BEST_ID = '01JBBBBBBBBBBBBBBBBBBBBBBB';
const press = (): void => {
  fireEvent.click(screen.getByRole('button', { name: /^Train the best/ }));
};

function opened(answer: () => unknown): ScriptedClient {
  const client = new ScriptedClient({
    'GET runs': page([]),
    [`POST runs/${RUN_ID}/register`]: answer,
    [`GET runs/${BEST_ID}`]: run({ id: BEST_ID })
  });
  show(<Register id={RUN_ID} live={false} baseline={false} />, client);
  return client;
}

test.each([0, 504])(
  'a press after a lost answer (status %i) asks for the same run, one after its start for another',
  async status => {
    let answer: unknown = new ApiError('The connection was lost.', status);
    const client = opened(() => answer);
    press();
    await screen.findByRole('alert');
    answer = { id: BEST_ID };
    press();
    await screen.findByText(/Registered by run BBBBBB/);
    press();
    await waitFor(() => expect(client.keys()).toHaveLength(3));
    const [lost, again, another] = client.keys();
    expect(lost).toMatch(ULID);
    expect(again).toBe(lost);
    expect(another).toMatch(ULID);
    expect(another).not.toBe(lost);
  }
);

test('a press after a refusal asks anew: what is the best may have changed since', async () => {
  const client = opened(() => new ApiError('The data has changed.', 409));
  press();
  await screen.findByText('The data has changed.');
  press();
  await waitFor(() => expect(client.keys()).toHaveLength(2));
  expect(new Set(client.keys()).size).toBe(2);
});
