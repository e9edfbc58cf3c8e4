import * as React from 'react';
import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { artifact, page } from '../../testing/samples';
import { ScriptedClient, show } from '../../testing/server';
import { ApiError } from '../client';
import { MetadataView } from './MetadataView';
import { showing } from './state';

const LINEAGE = {
  nodes: [
    { id: 7, kind: 'artifact', type: 'system.Model', name: 'forest' },
    { id: 5, kind: 'artifact', type: 'system.Dataset', name: 'wine' },
    {
      id: 3,
      kind: 'execution',
      type: 'system.ContainerExecution',
      name: 'training'
    }
  ],
  edges: [
    { source: 5, target: 3, type: 'INPUT' },
    { source: 3, target: 7, type: 'OUTPUT' }
  ],
  truncated: false
};

const answers = {
  'GET metadata/artifacts': page([artifact()], 'next-page', 120),
  'GET metadata/artifacts/7': artifact(),
  'GET metadata/artifacts/5': artifact({
    id: 5,
    name: 'wine',
    type: 'system.Dataset',
    producer: null
  }),
  'GET metadata/artifacts/7/lineage': LINEAGE,
  'GET metadata/artifacts/5/lineage': LINEAGE,
  'GET metadata/executions': page([])
};

const lists = (client: ScriptedClient): URLSearchParams[] =>
  client
    .asked()
    .filter(path => path.startsWith('metadata/artifacts?'))
    .map(path => new URLSearchParams(path.split('?')[1]));

test('loading: says what is loading', () => {
  show(
    <MetadataView />,
    new ScriptedClient({ 'GET metadata/artifacts': ScriptedClient.never })
  );
  expect(screen.getByText('Loading the list')).toBeTruthy();
});

test('empty: says what this is, with the button that fills it', async () => {
  const openTrain = jest.fn();
  show(
    <MetadataView />,
    new ScriptedClient({ 'GET metadata/artifacts': page([]) }),
    { openTrain }
  );
  fireEvent.click(await screen.findByRole('button', { name: 'Train a model' }));
  expect(openTrain).toHaveBeenCalled();
});

test('error: says what happened, and tries again', async () => {
  let broken = true;
  const client = new ScriptedClient({
    'GET metadata/artifacts': () =>
      broken
        ? new ApiError('The store is being restarted.', 503)
        : page([artifact()])
  });
  show(<MetadataView />, client);
  expect(await screen.findByText('The store is being restarted.')).toBeTruthy();
  broken = false;
  fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
  expect(await screen.findByRole('button', { name: 'forest' })).toBeTruthy();
});

test('partial: older rows stay when the next request fails', async () => {
  let broken = false;
  const client = new ScriptedClient({
    ...answers,
    'GET metadata/artifacts': () =>
      broken ? new ApiError('away', 0) : page([artifact()])
  });
  show(<MetadataView />, client);
  await screen.findByRole('button', { name: 'forest' });
  broken = true;
  fireEvent.click(screen.getByRole('button', { name: 'Type' }));
  expect(await screen.findByText(/older rows/)).toBeTruthy();
  expect(screen.getByRole('button', { name: 'forest' })).toBeTruthy();
});

test('full: sorts by a click on a column, and says so to screen readers', async () => {
  const client = new ScriptedClient(answers);
  show(<MetadataView />, client);
  await screen.findByRole('button', { name: 'forest' });
  const header = (name: string): HTMLElement =>
    screen.getByRole('columnheader', { name });
  expect(header('Created').getAttribute('aria-sort')).toBe('descending');
  fireEvent.click(within(header('Name')).getByRole('button'));
  await waitFor(() => expect(lists(client)[1].get('sort')).toBe('name'));
  expect(header('Name').getAttribute('aria-sort')).toBe('ascending');
  expect(header('Created').getAttribute('aria-sort')).toBe('none');
  fireEvent.click(within(header('Name')).getByRole('button'));
  await waitFor(() => expect(lists(client)[2].get('sort')).toBe('-name'));
});

test('pages by tokens, forth and back, and starts anew with another sort', async () => {
  const client = new ScriptedClient(answers);
  show(<MetadataView />, client);
  await screen.findByText('1 to 1 of 120');
  fireEvent.click(screen.getByRole('button', { name: 'Next' }));
  await screen.findByText('51 to 51 of 120');
  expect(lists(client)[1].get('page_token')).toBe('next-page');
  fireEvent.click(screen.getByRole('button', { name: 'Previous' }));
  await screen.findByText('1 to 1 of 120');
  expect(lists(client)[2].get('page_token')).toBeNull();
  fireEvent.click(screen.getByRole('button', { name: 'Next' }));
  await screen.findByText('51 to 51 of 120');
  fireEvent.click(
    within(screen.getByRole('columnheader', { name: 'Name' })).getByRole(
      'button'
    )
  );
  await screen.findByText('1 to 1 of 120');
  expect(lists(client).pop()?.get('page_token')).toBeNull();
});

test("filters by type, search and expression; the server's word on it stands under it", async () => {
  const user = userEvent.setup();
  const client = new ScriptedClient({
    ...answers,
    'GET metadata/artifacts': (path: string) =>
      path.includes('colour')
        ? new ApiError('bad', 400, [
            {
              field: 'filter',
              message: path.includes('parent_run')
                ? 'expected a value, but found and.'
                : 'there is no field colour.'
            }
          ])
        : page([artifact()])
  });
  show(<MetadataView />, client);
  await screen.findByRole('button', { name: 'forest' });
  await user.click(screen.getByRole('button', { name: 'Model' }));
  await waitFor(() =>
    expect(lists(client).pop()?.get('type')).toBe('system.Model')
  );
  expect(
    screen.getByRole('button', { name: 'Model' }).getAttribute('aria-pressed')
  ).toBe('true');
  (await screen.findByRole('button', { name: 'forest' })).focus();
  await user.keyboard('/');
  expect(document.activeElement).toBe(screen.getByRole('searchbox'));
  await user.keyboard('for');
  await waitFor(() => expect(lists(client).pop()?.get('q')).toBe('for'));
  await user.type(
    screen.getByLabelText('Filter expression'),
    'colour = 3{Enter}'
  );
  expect((await screen.findByRole('alert')).textContent).toBe(
    'There is no field colour.'
  );
  // What was listed stays.
  expect(screen.getByRole('button', { name: 'forest' })).toBeTruthy();
  expect(
    (screen.getByLabelText('Filter expression') as HTMLInputElement).value
  ).toBe('colour = 3');
});

const trial = artifact({ id: 9, name: 'Trial 4 of wine' });
/** A store where artifact 9 belongs to a trial. */
const searched = (others = [artifact()]) =>
  new ScriptedClient({
    ...answers,
    'GET metadata/artifacts': (path: string) =>
      page(path.includes('parent_run') ? others : [trial, ...others]),
    'GET metadata/artifacts/9': trial,
    'GET metadata/artifacts/9/lineage': LINEAGE
  });

test('trials are listed when they are asked for, beside whatever filter was typed; the choice is kept', async () => {
  const user = userEvent.setup();
  const kept: unknown[] = [];
  const client = searched();
  const first = show(
    <MetadataView onState={state => kept.push(state)} />,
    client
  );
  await screen.findByRole('button', { name: 'forest' });
  expect(lists(client)[0].get('filter')).toBe('parent_run is null');
  expect(screen.queryByRole('button', { name: trial.name })).toBeNull();
  await user.type(
    screen.getByLabelText('Filter expression'),
    'id < 9 or id > 99{Enter}'
  );
  await waitFor(() =>
    expect(lists(client).pop()?.get('filter')).toBe(
      '(id < 9 or id > 99) and parent_run is null'
    )
  );
  const chip = screen.getByRole('button', { name: 'Show trials' });
  expect(chip.getAttribute('aria-pressed')).toBe('false');
  chip.focus();
  await user.keyboard(' ');
  expect(chip.getAttribute('aria-pressed')).toBe('true');
  expect(await screen.findByRole('button', { name: trial.name })).toBeTruthy();
  expect(lists(client).pop()?.get('filter')).toBe('id < 9 or id > 99');
  // Another tab is another kind, so its filter goes; whether trials are shown holds for both.
  await user.click(screen.getByRole('tab', { name: 'Executions' }));
  await user.click(screen.getByRole('tab', { name: 'Artifacts' }));
  await screen.findByRole('button', { name: trial.name });
  first.unmount();
  const again = searched();
  show(<MetadataView stored={JSON.parse(JSON.stringify(kept.pop()))} />, again);
  expect(await screen.findByRole('button', { name: trial.name })).toBeTruthy();
  expect(lists(again)[0].get('filter')).toBeNull();
});

test.each([
  [{}, 'Only trials are recorded here'],
  [{ q: 'wine' }, 'Only trials match']
])(
  'where trials alone are left out it says so, and shows them: %o',
  async (stored, title) => {
    show(<MetadataView stored={stored} />, searched([]));
    expect(await screen.findByText(title)).toBeTruthy();
    expect(
      screen.getByText('What trials of tuning runs have left is hidden: 1.')
    ).toBeTruthy();
    fireEvent.click(screen.getAllByRole('button', { name: 'Show trials' })[1]);
    expect(
      await screen.findByRole('button', { name: trial.name })
    ).toBeTruthy();
    expect(
      screen
        .getByRole('button', { name: 'Show trials' })
        .getAttribute('aria-pressed')
    ).toBe('true');
  }
);

test('what a link leads to is opened, though it belongs to a trial', async () => {
  show(<MetadataView stored={showing(9, trial.name)} />, searched());
  const details = await screen.findByRole('region', {
    name: `Details of ${trial.name}`
  });
  expect(await within(details).findByText('0.972222222222')).toBeTruthy();
  await screen.findByRole('button', { name: 'forest' });
});

test('a row opens details with exact values, maker and sources; links leave breadcrumbs', async () => {
  const client = new ScriptedClient(answers);
  show(<MetadataView />, client);
  fireEvent.click(await screen.findByRole('button', { name: 'forest' }));
  const details = await screen.findByRole('region', {
    name: 'Details of forest'
  });
  expect(await within(details).findByText('0.972222222222')).toBeTruthy();
  expect(
    within(details).getByRole('button', { name: 'training' })
  ).toBeTruthy();
  fireEvent.click(await within(details).findByRole('button', { name: 'wine' }));
  const next = await screen.findByRole('region', { name: 'Details of wine' });
  expect(
    within(next).getByRole('navigation', { name: 'Breadcrumbs' }).textContent
  ).toContain('forest');
  fireEvent.keyDown(next, { key: 'Escape' });
  expect(screen.queryByRole('region', { name: 'Details of wine' })).toBeNull();
});

test('lineage is drawn from left to right and named for screen readers', async () => {
  show(
    <MetadataView
      stored={{
        tab: 'lineage',
        selected: { kind: 'artifact', id: 7, name: 'forest' }
      }}
    />,
    new ScriptedClient(answers)
  );
  const drawing = await screen.findByRole('group', {
    name: 'Lineage of forest'
  });
  expect(
    within(drawing)
      .getAllByRole('button')
      .map(node => node.textContent)
  ).toEqual([
    'wineDataset',
    'trainingContainerExecutionfrom wine',
    'forestModelfrom training'
  ]);
});

test('a lineage with more to it is drawn as far as it may be, and then says where the rest is', async () => {
  const client = new ScriptedClient({
    ...answers,
    'GET metadata/artifacts/7/lineage': { ...LINEAGE, truncated: true }
  });
  show(<MetadataView stored={showing(7, 'forest')} />, client);
  fireEvent.click(
    await screen.findByRole('button', { name: 'Show more of it as a drawing' })
  );
  fireEvent.click(
    await screen.findByRole('button', { name: 'Draw more of it' })
  );
  expect(await screen.findByText(/those of trials with/)).toBeTruthy();
  expect(client.asked()).toContain('metadata/artifacts/7/lineage?hops=20');
});

test('comes back as it was: tab, filter, sort and selection', async () => {
  const kept: unknown[] = [];
  const client = new ScriptedClient(answers);
  const first = show(
    <MetadataView onState={state => kept.push(state)} />,
    client
  );
  fireEvent.click(await screen.findByRole('button', { name: 'forest' }));
  fireEvent.click(screen.getByRole('button', { name: 'Model' }));
  first.unmount();
  const again = new ScriptedClient(answers);
  show(<MetadataView stored={JSON.parse(JSON.stringify(kept.pop()))} />, again);
  await screen.findByRole('region', { name: 'Details of forest' });
  expect(lists(again)[0].get('type')).toBe('system.Model');
});

test('what an execution is looked through for: its best measure and memory, not what the record needs', async () => {
  const client = new ScriptedClient({
    ...answers,
    'GET metadata/executions': page([
      {
        ...artifact(),
        id: 3,
        type: 'system.ContainerExecution',
        name: 'training',
        properties: {
          last_seq: 41,
          peak_memory: 271_000_000,
          best: { metric: 'accuracy', value: 0.97222 }
        }
      }
    ])
  });
  show(<MetadataView stored={{ tab: 'executions' }} />, client);
  expect(
    await screen.findByText('accuracy 0.9722 · memory 258 MiB')
  ).toBeTruthy();
});

test('details: what a model was made with stands before its long parameters', async () => {
  const client = new ScriptedClient(answers);
  show(<MetadataView />, client);
  fireEvent.click(await screen.findByRole('button', { name: 'forest' }));
  const details = await screen.findByRole('region', {
    name: 'Details of forest'
  });
  await within(details).findByRole('button', { name: 'wine' });
  expect(
    within(details)
      .getAllByRole('heading', { level: 3 })
      .map(heading => heading.textContent)
  ).toEqual(['Lineage', 'Properties', 'Part of']);
});

test('the drawing is scrolled to the chosen node where that is out of sight', async () => {
  const place = jest
    .spyOn(HTMLElement.prototype, 'getBoundingClientRect')
    .mockImplementation(function (this: HTMLElement) {
      return this.classList.contains('kf-scroll')
        ? new DOMRect(0, 0, 400, 300)
        : new DOMRect(600, 500, 168, 44);
    });
  try {
    show(
      <MetadataView
        stored={{
          tab: 'lineage',
          selected: { kind: 'artifact', id: 7, name: 'forest' }
        }}
      />,
      new ScriptedClient(answers)
    );
    const drawing = await screen.findByRole('group', {
      name: 'Lineage of forest'
    });
    await waitFor(() =>
      expect([drawing.scrollLeft, drawing.scrollTop]).toEqual([484, 372])
    );
  } finally {
    place.mockRestore();
  }
});

test('a name that turns the direction of writing does not turn the sentence around it', async () => {
  const name = 'gpj\u202eevil';
  const client = new ScriptedClient({
    ...answers,
    'GET metadata/artifacts': page([artifact({ name })])
  });
  show(<MetadataView />, client);
  fireEvent.click(await screen.findByRole('button', { name }));
  expect(
    await screen.findByRole('region', {
      name: `Details of \u2068${name}\u2069`
    })
  ).toBeTruthy();
});
