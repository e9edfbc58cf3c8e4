import { MODELS, PROFILE } from '../../testing/samples';
import { trans } from '../../testing/server';
import { trainCode } from '../shared/python';
import { NEW_DRAFT, restoreDraft, stepOf, toSpec } from './draft';
import { completed, taskOf } from './offers';
import { stepLines, type Seen } from './steps';

const profile = PROFILE;
const models = MODELS;
const chosen = { ...NEW_DRAFT, uri: 'sklearn:wine' };

test('a dataset alone is enough: the rest has good values', () => {
  const draft = completed(chosen, profile, models);
  const { spec, errors } = toSpec(draft, taskOf(draft, profile), trans);
  expect(errors).toEqual({});
  expect(spec).toMatchObject({
    kind: 'train',
    task: 'multiclass',
    dataset: { uri: 'sklearn:wine', target: 'target' },
    split: { method: 'random', parts: [0.6, 0.2, 0.2], seed: 7 },
    model: { family: 'sklearn:RandomForestClassifier', params: {} }
  });
  expect(spec).not.toHaveProperty('training');
});

test('another target decides the task, and the task the model', () => {
  const draft = completed({ ...chosen, target: 'alcohol' }, profile, models);
  expect(taskOf(draft, profile)).toBe('regression');
  expect(draft.family).toBe('sklearn:Ridge');
  const other = { ...chosen, family: 'sklearn:Ridge' };
  expect(completed(other, profile, models).family).toBe(
    'sklearn:RandomForestClassifier'
  );
  const own = { ...chosen, family: 'churn.py:build' };
  expect(completed(own, profile, models).family).toBe('churn.py:build');
});

test('what is wrong is said by path, with what is allowed', () => {
  const { errors } = toSpec(
    {
      ...NEW_DRAFT,
      family: 'keras:mlp',
      seed: 'x',
      epochs: '0',
      method: 'time'
    },
    'auto',
    trans
  );
  expect(Object.keys(errors).sort()).toEqual([
    'dataset.uri',
    'split.by',
    'split.seed',
    'training.epochs'
  ]);
  expect(errors['split.seed']).toBe(
    '"x" isn\'t a whole number from 0 to 4,294,967,295.'
  );
});

test('no patience is null; a typed number keeps its text', () => {
  const { spec } = toSpec(
    { ...chosen, family: 'keras:mlp', patience: ' ' },
    'auto',
    trans
  );
  expect(spec.training).toEqual({ epochs: 20, batch_size: 32, patience: null });
});

test('fields belong to steps', () => {
  expect(
    [
      'dataset.uri',
      'dataset.target',
      'task',
      'split.parts',
      'model.params.C',
      'training.epochs',
      'name'
    ].map(stepOf)
  ).toEqual(['data', 'explore', 'explore', 'split', 'model', 'train', 'data']);
});

test('a stored draft comes back; a broken one falls back part by part', () => {
  const kept = { ...chosen, step: 'model', seed: '12', run: 'R' };
  expect(restoreDraft(JSON.parse(JSON.stringify(kept)))).toEqual(kept);
  expect(
    restoreDraft({ seed: 5, step: 'nowhere', uri: 'a.csv', preprocess: {} })
  ).toEqual({
    ...NEW_DRAFT,
    uri: 'a.csv'
  });
  expect(restoreDraft('x')).toEqual(NEW_DRAFT);
});

test('each step has a line', () => {
  const draft = completed(chosen, profile, models);
  const lines = stepLines(
    { draft, profile, model: models[0], task: 'multiclass' },
    trans
  );
  expect(lines.map(line => [line.done, line.summary])).toEqual([
    [true, '178 rows, 2 columns'],
    [true, 'target: target, several classes'],
    [true, 'automatic'],
    [true, '60 / 20 / 20, random'],
    [true, 'Random forest'],
    [false, 'not started'],
    [false, 'test part locked']
  ]);
  const last = (seen: Seen): string[] =>
    stepLines(
      { draft, profile, model: models[0], task: 'multiclass', seen },
      trans
    )
      .slice(-2)
      .map(line => `${line.done ? 'done: ' : ''}${line.summary}`);
  expect(last({})).toEqual(['queued', 'test part locked']);
  expect(last({ train: 'failed' })).toEqual(['failed', 'test part locked']);
  expect(last({ train: 'done', evaluate: 'running' })).toEqual([
    'done: done',
    'running'
  ]);
  expect(last({ train: 'done', evaluate: 'done' })).toEqual([
    'done: done',
    'done: test part unlocked'
  ]);
});

test('code is Python', () => {
  expect(
    trainCode({
      version: 1,
      name: 'a "b"',
      dataset: { uri: 'x', columns: null },
      shuffle: true,
      empty: []
    })
  ).toBe(
    'import kflab\n\nrun = kflab.train(\n    name="a \\"b\\"",\n    dataset={"uri": "x", "columns": None},\n    shuffle=True,\n)\nrun.wait()'
  );
});
