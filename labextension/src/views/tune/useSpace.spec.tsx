import * as React from 'react';
import { screen } from '@testing-library/react';
import { MODELS, page, tuneRun } from '../../testing/samples';
import { ScriptedClient, show } from '../../testing/server';
import type { RunSpec } from '../shared/types';
import { NO_SEARCH, reduceSearch, trialsOf } from './search';
import { useSpace } from './useSpace';

const trials = trialsOf(
  reduceSearch(NO_SEARCH, [
    {
      seq: 1,
      type: 'trial',
      trial: 1,
      state: 'done',
      params: { max_features: 'sqrt', max_depth: 8 },
      value: 1
    }
  ] as never)
);

function Probe({ spec }: { spec: RunSpec }): React.ReactElement {
  const told = useSpace(spec, trials).map(item =>
    [item.name, item.type, item.scale, item.choices]
      .flat()
      .filter(Boolean)
      .join(' ')
  );
  return <p>{told.join('; ')}</p>;
}

const { spec } = tuneRun();
const untold = (change: object = {}): RunSpec => ({
  ...spec,
  tuning: { ...spec.tuning, space: null, ...change } as RunSpec['tuning']
});
const client = (models: unknown = page(MODELS)): ScriptedClient =>
  new ScriptedClient({ 'GET models': models });
const ALL =
  'n_estimators int log; max_depth int; max_features choice sqrt log2 all';

test('what a run was told is its space, and nothing is asked', () => {
  const asked = client();
  show(<Probe spec={spec} />, asked);
  expect(screen.getByText(ALL)).toBeTruthy();
  expect(asked.calls).toEqual([]);
});

test('one that was not told has what its model suggests', async () => {
  show(<Probe spec={untold()} />, client());
  expect(await screen.findByText(ALL)).toBeTruthy();
});

test('without what hyperband itself gives', async () => {
  show(
    <Probe
      spec={untold({
        method: 'hyperband',
        resource: { name: 'trees', min: 10, max: 270 }
      })}
    />,
    client()
  );
  expect(await screen.findByText(/^max_depth int;/)).toBeTruthy();
});

test('else what its trials show', () => {
  show(<Probe spec={untold()} />, client(ScriptedClient.never));
  expect(
    screen.getByText('max_features choice sqrt; max_depth float')
  ).toBeTruthy();
});
