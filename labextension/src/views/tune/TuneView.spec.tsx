import * as React from 'react';
import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import {
  DATASETS,
  METHODS,
  MODELS,
  page,
  PROFILE,
  run,
  RUN_ID,
  tuneRun
} from '../../testing/samples';
import { ScriptedClient, show, ULID } from '../../testing/server';
import { ApiError } from '../client';
import type { TuneDraft } from './draft';
import { TuneView } from './TuneView';

const TUNE_ID = '01JTTTTTTTTTTTTTTTTTTTTTTT';
const trained = run({
  state: 'done',
  best: { metric: 'accuracy', value: 0.9722 },
  spec: {
    ...run().spec,
    dataset: { uri: 'sklearn:wine', target: 'target' },
    split: { parts: [0.8, 0.2] },
    model: {
      family: 'sklearn:RandomForestClassifier',
      params: { max_depth: 4 }
    }
  }
});

const answers = {
  'GET datasets': page(DATASETS),
  'GET models': page(MODELS),
  'GET methods': METHODS,
  'GET datasets/profile': PROFILE,
  'GET runs': page([trained]),
  [`GET runs/${RUN_ID}`]: trained,
  'POST runs': { id: TUNE_ID },
  [`GET runs/${TUNE_ID}`]: tuneRun({ id: TUNE_ID })
};
const WINE = { data: { uri: 'sklearn:wine' } };

const start = (): void => {
  fireEvent.click(screen.getByRole('button', { name: 'Start tuning' }));
};
const ready = (): Promise<HTMLElement> =>
  screen.findByText(/178 rows, 2 columns/);
/** The form once its dataset is read; `more` answers go before the usual ones. */
const opened = async (more: object = {}): Promise<ScriptedClient> => {
  const client = new ScriptedClient({ ...answers, ...more });
  show(<TuneView stored={WINE} />, client);
  await ready();
  await screen.findByRole('region', { name: 'Search space' });
  return client;
};
const cell = (name: string): HTMLInputElement =>
  screen.getByLabelText<HTMLInputElement>(name);
const posted = (client: ScriptedClient): unknown =>
  client.calls.find(call => call.method === 'POST')?.body;
/** The sentence that a control points to. */
const fault = (control: HTMLElement): string =>
  document.getElementById(control.getAttribute('aria-describedby') ?? '')
    ?.textContent ?? '';

test('loading, and errors of what the form needs, each with a way on', async () => {
  let broken = false;
  const client = new ScriptedClient({
    ...answers,
    'GET models': () =>
      broken ? new ApiError('Busy.', 503) : ScriptedClient.never,
    'GET methods': () =>
      broken ? new ApiError('No methods.', 503) : ScriptedClient.never
  });
  const view = show(<TuneView stored={WINE} />, client);
  expect(screen.getByText('Loading the search space')).toBeTruthy();
  expect(screen.getByText('Loading the methods of search')).toBeTruthy();
  view.unmount();
  broken = true;
  show(<TuneView stored={WINE} />, client);
  expect(await screen.findByText('Busy.')).toBeTruthy();
  expect(await screen.findByText('No methods.')).toBeTruthy();
  // Partial: what still works without them.
  expect(screen.getByText(/can be started without them/)).toBeTruthy();
});

test('empty: without a training run it says what would be here', async () => {
  const openTrain = jest.fn();
  show(
    <TuneView stored={{ source: 'run' }} />,
    new ScriptedClient({ ...answers, 'GET runs': page([]) }),
    { openTrain }
  );
  fireEvent.click(await screen.findByRole('button', { name: 'Train a model' }));
  expect(openTrain).toHaveBeenCalled();
  expect(screen.getByText(/here once a run is chosen/)).toBeTruthy();
});

test('a dataset and one button start a search with good values, and its page follows', async () => {
  const client = new ScriptedClient(answers);
  const kept: TuneDraft[] = [];
  show(<TuneView onState={draft => kept.push(draft)} />, client);
  fireEvent.click(await screen.findByLabelText(/Wine recognition/));
  await ready();
  expect(
    await screen.findByText(
      '30 trials of TPE over 3 parameters, 2 at once, after the baseline.'
    )
  ).toBeTruthy();
  start();
  await screen.findByRole('article', { name: 'better wine' });
  expect(posted(client)).toEqual(
    expect.objectContaining({
      kind: 'tune',
      key: expect.stringMatching(ULID) as string,
      dataset: { uri: 'sklearn:wine', target: 'target' },
      split: { method: 'random', parts: [0.6, 0.2, 0.2], seed: 7 },
      tuning: {
        space: [
          {
            name: 'n_estimators',
            type: 'int',
            low: 20,
            high: 500,
            scale: 'log'
          },
          { name: 'max_depth', type: 'int', low: 2, high: 32, scale: 'linear' },
          {
            name: 'max_features',
            type: 'choice',
            choices: ['sqrt', 'log2', 'all']
          }
        ],
        objective: { metric: 'accuracy', goal: 'max' },
        method: 'tpe',
        budget: { trials: 30, parallel: 2 }
      }
    })
  );
  expect(client.streams[0].path).toBe(`runs/${TUNE_ID}/stream?since=0`);
  expect(kept[kept.length - 1].run).toBe(TUNE_ID);
  fireEvent.click(
    screen.getByRole('button', { name: 'Prepare another search' })
  );
  expect(
    await screen.findByRole('button', { name: 'Start tuning' })
  ).toBeTruthy();
});

test('without a dataset the start opens its section and puts the focus there', async () => {
  const client = new ScriptedClient(answers);
  show(<TuneView />, client);
  fireEvent.click(await screen.findByRole('button', { name: /^Data/ }));
  expect(screen.queryByLabelText(/Wine recognition/)).toBeNull();
  await screen.findByRole('region', { name: 'Search space' });
  start();
  await waitFor(() =>
    expect(
      document.activeElement
        ?.closest('[data-field]')
        ?.getAttribute('data-field')
    ).toBe('dataset.uri')
  );
  expect(screen.getByRole('alert').textContent).toContain('Choose a dataset');
  expect(client.asked('POST')).toEqual([]);
});

test('each own error stands at its cell; the first has the focus, the summary leads to each', async () => {
  const user = userEvent.setup();
  const client = await opened();
  await user.clear(cell('Low of n_estimators'));
  await user.type(cell('Low of n_estimators'), '0');
  await user.clear(cell('High of max_depth'));
  await user.type(cell('High of max_depth'), '1');
  for (const name of ['sqrt', 'log2', 'all']) {
    await user.click(screen.getByRole('button', { name }));
  }
  await user.clear(cell('Trials'));
  await user.type(cell('Trials'), 'many');
  start();
  const low = cell('Low of n_estimators');
  await waitFor(() => expect(document.activeElement).toBe(low));
  expect(low.getAttribute('aria-invalid')).toBe('true');
  expect(fault(low)).toMatch(/no logarithm/);
  expect(fault(cell('Low of max_depth'))).toMatch(/Swap the two/);
  expect(
    fault(screen.getByRole('group', { name: 'Values of max_features' }))
  ).toMatch(/at least one value/);
  expect(cell('Trials').value).toBe('many');
  fireEvent.click(
    within(screen.getByRole('alert')).getByRole('button', { name: 'Trials' })
  );
  await waitFor(() => expect(document.activeElement).toBe(cell('Trials')));
  expect(client.asked('POST')).toEqual([]);
  // What is mended loses its error, the others keep theirs.
  await user.type(low, '5');
  expect(cell('Low of n_estimators').getAttribute('aria-invalid')).toBeNull();
  expect(fault(cell('Low of max_depth'))).toMatch(/Swap the two/);
});

test('errors of the server stand at their cells, with what was typed', async () => {
  await opened({
    'POST runs': new ApiError('Not started.', 400, [
      { field: 'tuning.space.1.low', message: 'Not so deep.' },
      { field: 'tuning.method', message: 'Not this one.' },
      { field: 'split.seed', message: 'Too large.' }
    ])
  });
  fireEvent.change(cell('High of max_depth'), { target: { value: '9' } });
  start();
  await waitFor(() =>
    expect(document.activeElement).toBe(cell('Low of max_depth'))
  );
  expect(fault(cell('Low of max_depth'))).toBe('Not so deep.');
  expect(cell('High of max_depth').value).toBe('9');
  expect(screen.getByText('Not this one.')).toBeTruthy();
  // A field in a section that is folded opens it.
  fireEvent.click(screen.getByRole('button', { name: 'Split: split.seed' }));
  await waitFor(() => expect(document.activeElement).toBe(cell('Seed')));
});

test('rows are added, removed, and brought back to what was suggested', async () => {
  const client = await opened();
  fireEvent.click(
    await screen.findByRole('button', { name: 'Remove max_depth' })
  );
  expect(screen.queryByLabelText('Low of max_depth')).toBeNull();
  expect(screen.getByText(/over 2 parameters/)).toBeTruthy();
  fireEvent.click(screen.getByRole('button', { name: 'Add a parameter' }));
  expect(cell('Low of max_depth').value).toBe('1');
  fireEvent.change(screen.getByLabelText('Type of max_depth'), {
    target: { value: 'choice' }
  });
  fireEvent.change(screen.getByLabelText('Values of max_depth'), {
    target: { value: '2, 4, 8' }
  });
  start();
  await screen.findByRole('article');
  expect(posted(client)).toMatchObject({
    tuning: {
      space: [
        { name: 'n_estimators' },
        { name: 'max_features' },
        { name: 'max_depth', type: 'choice', choices: [2, 4, 8] }
      ]
    }
  });
});

test('the suggested space resets', async () => {
  await opened();
  fireEvent.click(
    await screen.findByRole('button', { name: 'Remove n_estimators' })
  );
  fireEvent.click(
    screen.getByRole('button', { name: 'Back to the suggested space' })
  );
  expect(cell('Low of n_estimators').value).toBe('20');
  expect(
    screen.queryByRole('button', { name: 'Back to the suggested space' })
  ).toBeNull();
});

test('each range is drawn, with the baseline in words', async () => {
  await opened();
  expect(
    await screen.findByRole('img', {
      name: '20 to 500 on a log scale; the baseline is 100'
    })
  ).toBeTruthy();
  expect(
    screen.getByRole('img', {
      name: '2 to 32; the baseline, 0, is outside'
    })
  ).toBeTruthy();
});

test('the objective says what is better; a method that lacks something can’t be chosen', async () => {
  const client = await opened();
  const objective = await screen.findByLabelText('Objective');
  expect(
    within(objective)
      .getAllByRole('option')
      .map(option => option.textContent)
  ).toEqual(['accuracy (more is better)', 'log loss (less is better)']);
  const bayesian = screen.getByRole<HTMLInputElement>('radio', {
    name: /^Bayesian/
  });
  expect(bayesian.disabled).toBe(true);
  expect(screen.getByText(/needs keras-tuner/)).toBeTruthy();
  fireEvent.change(objective, { target: { value: 'log_loss' } });
  start();
  await screen.findByRole('article');
  expect(posted(client)).toMatchObject({
    tuning: { objective: { metric: 'log_loss', goal: 'min' } }
  });
});

test('a grid says how many combinations it has, and edited ranges can be given values', async () => {
  const user = userEvent.setup();
  await opened();
  await user.type(await screen.findByLabelText('High of n_estimators'), '0');
  await user.click(screen.getByRole('radio', { name: /^Grid/ }));
  start();
  expect(
    (await screen.findAllByText(/A grid goes in even steps/)).length
  ).toBeGreaterThan(1);
  await user.click(
    screen.getByRole('button', { name: 'Give each range a few values' })
  );
  expect(screen.getByText(/^The first 30 of 48 combinations/)).toBeTruthy();
  expect(cell('Values of n_estimators').value).toBe('20, 126, 794, 5000');
});

test('hyperband asks what it gives, and leaves it out of the suggested space', async () => {
  const client = await opened();
  fireEvent.click(await screen.findByRole('radio', { name: /^Hyperband/ }));
  expect(screen.queryByLabelText('Low of n_estimators')).toBeNull();
  fireEvent.change(cell('At most'), { target: { value: '90' } });
  start();
  await screen.findByRole('article');
  expect(posted(client)).toMatchObject({
    tuning: {
      method: 'hyperband',
      resource: { name: 'trees', min: 10, max: 90, factor: 3 }
    }
  });
});

test('before it can start it says what is missing, and promises nothing', async () => {
  const client = new ScriptedClient({
    ...answers,
    'GET datasets/profile': (path: string) =>
      path.includes('gone')
        ? new ApiError('There is no file gone.csv.', 404)
        : PROFILE
  });
  const view = show(<TuneView />, client);
  const said = (): string =>
    screen.getByRole('region', { name: 'What will happen' }).textContent ?? '';
  await waitFor(() =>
    expect(said()).toContain('It can’t start yet. Dataset: Choose a dataset')
  );
  expect(said()).not.toContain('30 trials');
  view.unmount();
  const other = show(
    <TuneView stored={{ data: { uri: 'gone.csv' } }} />,
    client
  );
  await waitFor(() =>
    expect(said()).toContain('It can’t start yet. There is no file gone.csv.')
  );
  other.unmount();
  await opened();
  fireEvent.change(cell('Low of max_depth'), { target: { value: '99' } });
  expect(said()).toContain(
    'It can’t start yet. Search space, max_depth: low: Low is 99'
  );
});

test('hyperband says what its rounds give, and when there are too few trials', async () => {
  await opened();
  fireEvent.click(await screen.findByRole('radio', { name: /^Hyperband/ }));
  expect(cell('Trials').value).toBe('40');
  expect(
    screen.getByText(/The rounds give 10, 30, 90 and 270 trees\.$/)
  ).toBeTruthy();
  fireEvent.change(cell('Trials'), { target: { value: '8' } });
  expect(
    screen.getByText(/With 8 trials none gets all 270.*Ask for at least 40/)
  ).toBeTruthy();
});

test('Enter in a line of text starts, and the page of the run gets the focus', async () => {
  const user = userEvent.setup();
  const client = await opened();
  fireEvent.keyDown(screen.getByLabelText('Objective'), { key: 'Enter' });
  expect(client.asked('POST')).toEqual([]);
  await user.type(cell('Trials'), '{Enter}');
  await screen.findByRole('article', { name: 'better wine' });
  expect(client.asked('POST')).toHaveLength(1);
  expect(document.activeElement).toBe(
    screen.getByRole('region', { name: 'Tuning run' })
  );
});

test('a wrong parameter of the baseline has one sentence, and its name in the summary', async () => {
  const user = userEvent.setup();
  const client = await opened();
  await user.click(screen.getByRole('button', { name: /^Model and baseline/ }));
  const depth = await screen.findByLabelText('Depth, 0 for no limit');
  fireEvent.change(depth, { target: { value: '-1' } });
  const told = (): string[] =>
    [...document.querySelectorAll('.kf-ModelForm .error-detail li')].map(
      item => item.textContent ?? ''
    );
  expect(told()).toEqual(['-1 is too small: 0 is the least it takes.']);
  fireEvent.change(depth, { target: { value: '1.5' } });
  expect(told()).toEqual([
    "1.5 isn't a whole number, which this parameter takes."
  ]);
  await user.clear(depth);
  expect(told()).toEqual(['Give a whole number, such as 0.']);
  start();
  expect(screen.getByRole('alert').textContent).toContain(
    'Model: Depth, 0 for no limit: Give a whole number, such as 0.'
  );
  await waitFor(() => expect(document.activeElement).toBe(depth));
  expect(client.asked('POST')).toEqual([]);
});

test('more at once than there are processors is allowed, and said', async () => {
  const user = userEvent.setup();
  const client = await opened();
  const once = await screen.findByLabelText('At once');
  await user.clear(once);
  await user.type(once, '4');
  expect(screen.getByText(/More than the 2 processors/)).toBeTruthy();
  await user.type(cell('Time limit, in seconds'), '600');
  expect(screen.getByText(/It ends after 10 m 0 s/)).toBeTruthy();
  start();
  await screen.findByRole('article');
  expect(posted(client)).toMatchObject({
    tuning: { budget: { parallel: 4, seconds: 600 } }
  });
});

test('a training run is the baseline: its data, split and parameters are taken over', async () => {
  const client = new ScriptedClient(answers);
  show(<TuneView stored={{ from: RUN_ID }} />, client);
  expect(
    await screen.findByRole('img', { name: '2 to 32; the baseline is 4' })
  ).toBeTruthy();
  await waitFor(() =>
    expect(client.asked()).toContain(
      `datasets/profile?uri=sklearn%3Awine&run=${RUN_ID}`
    )
  );
  start();
  await screen.findByRole('article');
  expect(posted(client)).toMatchObject({
    kind: 'tune',
    from: { run: RUN_ID },
    dataset: { uri: 'sklearn:wine', target: 'target' },
    split: { parts: [0.8, 0.2] },
    model: {
      family: 'sklearn:RandomForestClassifier',
      params: { max_depth: 4 }
    }
  });
});

test('a run is chosen from the list, and its baseline can be changed', async () => {
  const user = userEvent.setup();
  const client = new ScriptedClient(answers);
  show(<TuneView />, client);
  await user.click(
    await screen.findByRole('radio', { name: /A training run that is done/ })
  );
  await screen.findByRole('radio', { name: 'first try' });
  start();
  expect((await screen.findByRole('alert')).textContent).toContain(
    'Choose the training run'
  );
  await waitFor(() =>
    expect(document.activeElement?.getAttribute('type')).toBe('radio')
  );
  await user.click(await screen.findByRole('radio', { name: 'first try' }));
  await user.click(
    await screen.findByRole('button', { name: /^Model and baseline/ })
  );
  const depth = await screen.findByLabelText('Depth, 0 for no limit');
  expect((depth as HTMLInputElement).value).toBe('4');
  await user.clear(depth);
  await user.type(depth, '6');
  expect(
    await screen.findByRole('img', { name: '2 to 32; the baseline is 6' })
  ).toBeTruthy();
  start();
  await screen.findByRole('article');
  expect(posted(client)).toMatchObject({
    from: { run: RUN_ID },
    model: { params: { max_depth: 6 } }
  });
});

test('a run that can’t be read is said, with a way to try again', async () => {
  show(
    <TuneView stored={{ from: RUN_ID }} />,
    new ScriptedClient({
      ...answers,
      [`GET runs/${RUN_ID}`]: new ApiError('There is no run.', 404)
    })
  );
  fireEvent.click(await screen.findByRole('button', { name: /^Training run/ }));
  expect(await screen.findByText('There is no run.')).toBeTruthy();
});

test('a draft comes back after a reload, and so does the page of its run', async () => {
  const kept: TuneDraft[] = [];
  const client = new ScriptedClient(answers);
  const view = show(
    <TuneView stored={WINE} onState={draft => kept.push(draft)} />,
    client
  );
  await ready();
  fireEvent.change(await screen.findByLabelText('High of max_depth'), {
    target: { value: '12' }
  });
  fireEvent.change(cell('Trials'), { target: { value: '9' } });
  view.unmount();
  const stored = JSON.parse(JSON.stringify(kept[kept.length - 1])) as TuneDraft;
  const again = show(<TuneView stored={stored} />, client);
  expect(
    ((await screen.findByLabelText('High of max_depth')) as HTMLInputElement)
      .value
  ).toBe('12');
  expect(cell('Trials').value).toBe('9');
  again.unmount();
  show(<TuneView stored={{ ...stored, run: TUNE_ID }} />, client);
  expect(
    await screen.findByRole('article', { name: 'better wine' })
  ).toBeTruthy();
});

test('the code of what is on the page can be copied', async () => {
  const copied: string[] = [];
  Object.defineProperty(navigator, 'clipboard', {
    configurable: true,
    value: {
      writeText: (text: string) => {
        copied.push(text);
        return Promise.resolve();
      }
    }
  });
  await opened();
  fireEvent.click(screen.getByRole('button', { name: 'Copy as code' }));
  expect(copied[0]).toMatch(/^import kflab\n\nsearch = kflab\.tune\(/);
  expect(copied[0]).toContain('"max_depth"');
});
