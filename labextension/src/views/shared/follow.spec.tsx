import { screen } from '@testing-library/react';
import * as React from 'react';
import { event, run, RUN_ID } from '../../testing/samples';
import { asksNothing, ScriptedClient, show } from '../../testing/server';
import { RunView } from '../train/RunView';

test('a run that cannot be resumed is not asked for after its end', async () => {
  jest.useFakeTimers();
  try {
    const client = new ScriptedClient({ [`GET runs/${RUN_ID}`]: run() });
    show(<RunView id={RUN_ID} />, client);
    await screen.findByRole('article');
    client.emit(`runs/${RUN_ID}/stream`, [
      event(1, { type: 'cancelled', by: 'ada' })
    ]);
    await asksNothing(client);
  } finally {
    jest.useRealTimers();
  }
});
