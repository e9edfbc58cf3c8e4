import { MODELS } from '../../testing/samples';
import {
  combinations,
  forGrid,
  guessed,
  searched,
  shownChoices,
  sizeOf,
  suggested,
  toParameter,
  toRow,
  typedChoices,
  typedNumber,
  valuesOf
} from './space';
import { propertiesOf } from '../train/params';
import type { Parameter } from './types';

const forest = MODELS[0];
const properties = propertiesOf(forest);

test('numbers are read as they are typed, and nothing else', () => {
  expect(['1e-3', ' 32 ', '.5', '−2', '+1'].map(typedNumber)).toEqual([
    0.001, 32, 0.5, -2, 1
  ]);
  for (const text of [
    '',
    'a',
    '1,5',
    '1e',
    'Infinity',
    'NaN',
    '0x10',
    '1e999'
  ]) {
    expect(typedNumber(text)).toBeNull();
  }
});

test('choices are typed with commas, keep their type, and come back as they were', () => {
  expect(typedChoices('sqrt, log2 ,, 3, 0.5, true, "true", "a, b"')).toEqual([
    'sqrt',
    'log2',
    3,
    0.5,
    true,
    'true',
    'a, b'
  ]);
  const values = ['x', '1', 1, true, 'true', 'a, b', 'say "hi"', ' wide ', ''];
  expect(typedChoices(shownChoices(values))).toEqual(values);
  // Where the model takes words, what looks like a number is one.
  expect(typedChoices('1, 2', true)).toEqual(['1', '2']);
});

test('a row means the parameter that it was made of', () => {
  for (const parameter of forest.space) {
    const again = toParameter(toRow(parameter, 7), properties);
    const { when, ...rest } = parameter;
    expect(again).toEqual({ scale: again.scale, ...rest });
    expect(when).toEqual({});
  }
  expect(
    toParameter(
      {
        ...toRow({ name: 'lr', type: 'float', low: 0, high: 1, step: 0.1 }, 0),
        when: { a: [true] }
      },
      null
    )
  ).toEqual({
    name: 'lr',
    type: 'float',
    low: 0,
    high: 1,
    step: 0.1,
    scale: 'linear',
    when: { a: [true] }
  });
});

test('a parameter that is added gets a range around its default, inside what the model takes', () => {
  expect(guessed('n_estimators', properties?.['n_estimators'])).toEqual({
    name: 'n_estimators',
    type: 'int',
    low: 25,
    high: 400
  });
  expect(guessed('max_features', properties?.['max_features'])).toEqual({
    name: 'max_features',
    type: 'choice',
    choices: ['sqrt', 'log2', 'all']
  });
  expect(
    guessed('C', {
      type: 'number',
      default: 1,
      exclusiveMinimum: 0,
      maximum: 5
    })
  ).toEqual({ name: 'C', type: 'float', low: 0.1, high: 5, scale: 'log' });
  expect(guessed('alpha', { type: 'number', default: 0, minimum: 0 })).toEqual({
    name: 'alpha',
    type: 'float',
    low: 0,
    high: 1
  });
});

test('for hyperband over trees, the suggested space leaves out what it gives', () => {
  expect(sizeOf(forest)).toBe('n_estimators');
  const names = (resource: string) =>
    suggested(forest, 'hyperband', resource).map(row => row.name);
  expect(names('trees')).toEqual(['max_depth', 'max_features']);
  expect(names('samples')).toContain('n_estimators');
});

test('for a grid, each range of the suggested space has few values', () => {
  const rows = suggested(forest, 'grid', '');
  expect(rows.map(row => row.choices)).toEqual([
    '20, 58, 171, 500',
    '',
    'sqrt, log2, all'
  ]);
  expect(rows[1]).toMatchObject({ type: 'int', step: '8' });
  const space = rows.map(row => toParameter(row, properties));
  expect(combinations(space)).toBe(4 * 4 * 3);
  expect(forGrid({ name: 'x', type: 'float', low: 0, high: 1 })).toMatchObject({
    step: 0.25
  });
});

test('values are counted with both ends, although floats are not exact', () => {
  const count = (parameter: Partial<Parameter>) =>
    valuesOf({ name: 'x', type: 'float', ...parameter });
  expect(count({ low: 0, high: 0.3, step: 0.1 })).toBe(4);
  expect(count({ type: 'int', low: 1, high: 32 })).toBe(32);
  expect(count({ type: 'int', low: 1, high: 32, step: 10 })).toBe(4);
  expect(count({ type: 'bool' })).toBe(2);
  expect(count({ low: 0, high: 1 })).toBe(Infinity);
});

test('combinations leave out what a condition makes the same', () => {
  const space: Parameter[] = [
    { name: 'kernel', type: 'choice', choices: ['linear', 'rbf', 'poly'] },
    {
      name: 'gamma',
      type: 'int',
      low: 1,
      high: 4,
      when: { kernel: ['rbf', 'poly'] }
    },
    {
      name: 'degree',
      type: 'int',
      low: 2,
      high: 4,
      when: { kernel: ['poly'] }
    },
    { name: 'shrink', type: 'bool' }
  ];
  // linear 1, rbf 4, poly 4 × 3; each twice.
  expect(combinations(space)).toBe((1 + 4 + 12) * 2);
  expect(combinations([])).toBe(0);
});

test('a run that was not told its space shows what its trials have', () => {
  const told: Parameter[] = [{ name: 'a', type: 'int', low: 1, high: 2 }];
  expect(searched(told, [])).toEqual(told);
  expect(
    searched(null, [
      { a: 1, b: 'x' },
      { a: 2, b: 'w', c: true }
    ])
  ).toEqual([
    { name: 'a', type: 'float' },
    { name: 'b', type: 'choice', choices: ['w', 'x'] },
    { name: 'c', type: 'choice', choices: [true] }
  ]);
});
