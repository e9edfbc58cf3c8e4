import { MODELS } from '../../testing/samples';
import { trans } from '../../testing/server';
import { spaceErrors, type Against } from './checks';
import { propertiesOf } from '../train/params';
import { sizeOf, toRow, type Row } from './space';
import type { Parameter } from './types';

const forest = MODELS[0];
const against: Against = {
  title: 'Random forest',
  properties: propertiesOf(forest),
  method: 'tpe',
  size: null
};
const row = (change: Partial<Row>, of: Parameter = forest.space[0]): Row => ({
  ...toRow(of, 0),
  ...change
});
const float = row({
  name: 'rate',
  type: 'float',
  low: '0.1',
  high: '1',
  scale: 'linear'
});
const check = (rows: Row[], change: Partial<Against> = {}) =>
  spaceErrors(rows, { ...against, ...change }, trans);

test('the suggested space has no fault', () => {
  expect(check(forest.space.map(toRow))).toEqual({});
});

test('an empty space', () => {
  expect(check([])).toEqual({
    'tuning.space': expect.stringContaining('nothing to search')
  });
});

test.each<[string, Partial<Row>, string, RegExp]>([
  [
    'a reversed range',
    { low: '500', high: '20' },
    'low',
    /Low is 500, above high, 20\. Swap/
  ],
  ['an empty range', { low: '20', high: '20' }, 'high', /nothing to search/],
  ['an end that is missing', { high: ' ' }, 'high', /both ends/],
  [
    'what is no number, of whole ones',
    { low: 'few' },
    'low',
    /"few" isn't a whole number\. Use digits, such as 1 or 32\./
  ],
  [
    'what is no number',
    { name: 'rate', type: 'float', low: 'few' },
    'low',
    /"few" isn't a number\. Use digits, such as 0\.001/
  ],
  [
    'a comma for a point',
    { name: 'rate', type: 'float', low: '1,5' },
    'low',
    /"1,5" isn't a number\. Use a point: 1\.5\./
  ],
  [
    'a number as it was typed',
    { high: '99999999999999999999' },
    'high',
    /^99999999999999999999 is too large/
  ],
  ['a part of a tree', { low: '2.5' }, 'low', /2\.5 isn't a whole number/],
  [
    'less than the model takes',
    { low: '0.0', scale: 'linear' },
    'low',
    /0 is too small: 1 is the least/
  ],
  ['more than the model takes', { high: '9000' }, 'high', /5000 is the most/],
  ['a logarithm of zero', { low: '0' }, 'low', /no logarithm.* 1\.$/],
  [
    'a step on a log scale',
    { step: '5' },
    'step',
    /does not go with a log scale/
  ],
  [
    'a step beyond the range',
    { step: '600', scale: 'linear' },
    'step',
    /longer than the range from 20 to 500\. Use at most 480, or leave it empty\./
  ],
  ['a step of nothing', { step: '0', scale: 'linear' }, 'step', /above 0/],
  ['no name', { name: ' ' }, 'name', /Choose the parameter/],
  [
    'a name that the model does not know',
    { name: 'depth' },
    'name',
    /Random forest has no parameter depth\. It has n_estimators, max_depth/
  ],
  [
    'a type that the model does not take',
    { type: 'float' },
    'type',
    /takes whole numbers/
  ]
])('%s', (_, change, cell, message) => {
  expect(
    check(
      [row(change)],
      'name' in change && change.name === 'rate' ? { properties: null } : {}
    )
  ).toEqual({
    [`tuning.space.0.${cell}`]: expect.stringMatching(message)
  });
});

test('choices: none, twice the same, and what the model does not take', () => {
  const choice = (choices: string) =>
    check([row({ choices }, forest.space[2])])['tuning.space.0.choices'];
  expect(choice('')).toMatch(/at least one/);
  expect(choice('sqrt, sqrt')).toMatch(/sqrt stands there twice/);
  expect(choice('sqrt, most')).toBe('most is not one of sqrt, log2, all.');
  const trees = (choices: string) =>
    check([row({ type: 'choice', choices })])['tuning.space.0.choices'];
  expect(trees('10, many')).toMatch(/many isn't a number/);
  expect(trees('10, 2.5')).toMatch(/whole number/);
  expect(trees('10, 0')).toMatch(/too small/);
  expect(trees('10, 20')).toBeUndefined();
});

test('the same parameter twice is told at the second', () => {
  expect(check([row({}), row({})])).toEqual({
    'tuning.space.1.name': expect.stringContaining('twice')
  });
});

test('a grid goes in steps', () => {
  const free = { properties: null, method: 'grid' as const };
  expect(check([float], free)).toEqual({
    'tuning.space.0.step': expect.stringContaining('A grid goes in steps')
  });
  expect(check([row({})], free)).toEqual({
    'tuning.space.0.scale': expect.stringContaining('even steps')
  });
  expect(check([{ ...float, step: '0.1' }], free)).toEqual({});
  expect(check([row({ scale: 'linear' })], free)).toEqual({});
});

test('what hyperband itself gives can’t be searched', () => {
  const rows = forest.space.map(toRow);
  expect(check(rows, { method: 'hyperband', size: sizeOf(forest) })).toEqual({
    'tuning.space.0.name': expect.stringContaining('more and more')
  });
});

test('a condition needs its parameter before it, of a kind that has values', () => {
  const features = row({}, forest.space[2]);
  const depends = (values: string[]) =>
    row({ when: { max_features: values } }, forest.space[1]);
  const at = 'tuning.space.1.when';
  expect(check([features, depends(['sqrt'])])).toEqual({});
  expect(check([features, depends(['half'])])[at]).toMatch(/never half/);
  expect(check([depends(['sqrt']), features])['tuning.space.0.when']).toMatch(
    /must stand before it/
  );
  expect(
    check([row({}), row({ when: { n_estimators: [5] } }, forest.space[1])])[at]
  ).toMatch(/is a range/);
});

test('a model that is not known takes any name', () => {
  expect(check([row({ name: 'anything' })], { properties: null })).toEqual({});
});
