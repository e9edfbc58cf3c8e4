import * as React from 'react';
import {
  act,
  fireEvent,
  render,
  screen,
  waitFor
} from '@testing-library/react';
import { FakeModel } from '../testing/comm';
import { page, run, RUN_ID } from '../testing/samples';
import { Cell } from './Cell';
import { CommClient } from './CommClient';
import { readPages } from './pages';

const done = run({ state: 'done', ended: '2026-03-01T10:01:13.000Z' });

/** A widget's model whose kernel answers each request. */
function kernel(
  traits: Record<string, unknown>,
  answers: Record<string, unknown>
): FakeModel {
  const model = new FakeModel({
    view: 'runs',
    args: {},
    state: null,
    pages: [],
    ...traits
  });
  const send = model.send.bind(model);
  model.send = content => {
    send(content);
    const message = model.sent[model.sent.length - 1];
    if (message.kind === 'request') {
      const { client, call, path } = message;
      const data = answers[path.split('?')[0]];
      setTimeout(() => model.say({ kind: 'answer', client, call, data }));
    }
  };
  return model;
}

function show(model: FakeModel): { client: CommClient; unmount: () => void } {
  const client = new CommClient(model, {
    gone: () => false,
    updates: () => true
  });
  const { unmount } = render(<Cell model={model} client={client} />);
  return {
    client,
    unmount: () => {
      unmount();
      client.close();
    }
  };
}

const ANSWERS = {
  runs: page([done]),
  [`runs/${RUN_ID}`]: done,
  datasets: page([]),
  models: page([])
};

test('a run is opened in the place of the list, with a way back', async () => {
  const model = kernel({}, ANSWERS);
  const { unmount } = show(model);
  fireEvent.click(await screen.findByRole('button', { name: 'first try' }));
  expect(
    await screen.findByRole('article', { name: 'first try' })
  ).toBeTruthy();
  expect(document.activeElement).toBe(
    screen.getByRole('region', { name: 'Run' })
  );
  expect(readPages(model).map(({ view, args }) => [view, args])).toEqual([
    ['runs', {}],
    ['run', { id: RUN_ID }]
  ]);
  fireEvent.click(screen.getByRole('button', { name: /Back to Runs/ }));
  expect(await screen.findByRole('button', { name: 'first try' })).toBeTruthy();
  expect(screen.queryByRole('button', { name: /Back/ })).toBeNull();
  expect(model.get('pages')).toEqual([]);
  unmount();
  expect(model.listening).toBe(0);
});

test('a run leads to the search that starts from it', async () => {
  const model = kernel(
    { view: 'run', args: { id: RUN_ID } },
    { ...ANSWERS, methods: { items: [], metrics: [], search: [], cores: 2 } }
  );
  const { unmount } = show(model);
  fireEvent.click(await screen.findByRole('button', { name: /^Tune/ }));
  expect(
    await screen.findByRole('button', { name: /Back to Run/ })
  ).toBeTruthy();
  expect(readPages(model)[1]).toMatchObject({
    view: 'tune',
    state: { source: 'run', from: RUN_ID }
  });
  unmount();
});

test('an empty list leads to training, and that has a way back', async () => {
  const { unmount } = show(kernel({}, { ...ANSWERS, runs: page([]) }));
  fireEvent.click(await screen.findByRole('button', { name: 'Train a model' }));
  expect(
    await screen.findByRole('button', { name: 'Start training' })
  ).toBeTruthy();
  expect(screen.getByRole('button', { name: /Back to Runs/ })).toBeTruthy();
  unmount();
});

test('the state is kept in the model, also when the view goes at once', async () => {
  const model = kernel({}, ANSWERS);
  const first = show(model);
  fireEvent.click(await screen.findByRole('button', { name: 'Failed' }));
  expect(model.saved).toBe(0);
  await waitFor(() => expect(model.get('state')).toEqual({ group: 'failed' }));
  fireEvent.click(screen.getByRole('button', { name: 'Done' }));
  first.unmount();
  expect(model.get('state')).toEqual({ group: 'done' });
  const second = show(model);
  expect(
    screen.getByRole('button', { name: 'Done' }).getAttribute('aria-pressed')
  ).toBe('true');
  second.unmount();
});

test('what another output or the kernel writes is taken over, but not from under a cursor', async () => {
  const model = kernel({}, ANSWERS);
  const { unmount } = show(model);
  const chip = (name: string): HTMLElement =>
    screen.getByRole('button', { name });
  const pressed = (name: string): string | null =>
    chip(name).getAttribute('aria-pressed');
  act(() => model.set('state', { group: 'failed' }));
  expect(pressed('Failed')).toBe('true');
  chip('Done').focus();
  act(() => model.set('state', { group: 'cancelled' }));
  expect(pressed('Failed')).toBe('true');
  unmount();
});

test('one widget in two outputs: each is drawn, with ids of its own', async () => {
  const model = kernel({ view: 'train' }, ANSWERS);
  const { mount } = await import('.');
  const places = [0, 1].map(() => {
    const el = document.body.appendChild(document.createElement('div'));
    return { el, leave: mount({ model, el }) };
  });
  await waitFor(() =>
    expect(document.querySelectorAll('.kf-Train')).toHaveLength(2)
  );
  const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
  expect(ids.length).toBeGreaterThan(2);
  expect(new Set(ids).size).toBe(ids.length);
  act(() => places[0].leave());
  expect(document.querySelectorAll('.kf-Train')).toHaveLength(1);
  act(() => places[1].leave());
  expect(model.listening).toBe(0);
});

test('says that the kernel is gone, and keeps what is shown', async () => {
  const model = kernel({}, ANSWERS);
  const { client, unmount } = show(model);
  await screen.findByRole('button', { name: 'first try' });
  act(() => client.lose());
  expect(screen.getByText(/The kernel is gone/).textContent).toContain(
    'last state'
  );
  expect(screen.getByRole('button', { name: 'first try' })).toBeTruthy();
  unmount();
});

test('a panel that this version does not know says so', () => {
  const { unmount } = show(kernel({ view: 'later' }, {}));
  expect(screen.getByText(/no panel named later/)).toBeTruthy();
  unmount();
});
