import { PROFILE } from '../../testing/samples';
import { trans } from '../../testing/server';
import { allRows, dataErrors } from './data';
import { NEW_DRAFT, type Draft, type Task } from './draft';
import type { Profile } from './offers';

type Columns = Profile['columns'];

const [ALCOHOL, TARGET] = PROFILE.columns;
const draft = (change: Partial<Draft> = {}): Draft => ({
  ...NEW_DRAFT,
  target: 'target',
  ...change
});
const found = (
  columns: Columns,
  change: Partial<Draft> = {},
  task: Task = 'multiclass',
  profile: Partial<Profile> = {}
) =>
  dataErrors(draft(change), task, { ...PROFILE, columns, ...profile }, trans);

test('good data has no faults, and none that can be known without it', () => {
  expect(found(PROFILE.columns)).toEqual({});
  expect(dataErrors(draft(), 'auto', undefined, trans)).toEqual({});
});

test('a target of one value, and one with empty cells', () => {
  const one = found([ALCOHOL, { ...TARGET, unique: 1 }]);
  expect(Object.keys(one)).toEqual(['dataset.target']);
  expect(one['dataset.target']).toContain('nothing to learn');
  const gaps = found([ALCOHOL, { ...TARGET, missing: 11 }]);
  expect(gaps['dataset.target']).toContain('empty in 11 of 178 rows');
});

test('no usable column beside the target', () => {
  const constant = { ...ALCOHOL, unique: 1 };
  const empty = { ...ALCOHOL, name: 'empty', unique: 0, missing: 178 };
  expect(Object.keys(found([constant, empty, TARGET]))).toEqual([
    'dataset.columns'
  ]);
  // A value that is there or not says something.
  expect(found([{ ...constant, missing: 3 }, TARGET])).toEqual({});
  expect(found([constant, ALCOHOL, TARGET])).toEqual({});
});

test('a class too small for each part of a stratified split', () => {
  const rare = { ...TARGET, rarest: { value: 'class_2', count: 2 } };
  const stratified = { method: 'stratified' } as const;
  expect(found([ALCOHOL, rare], stratified)['split.method']).toMatch(
    /Class class_2 has too few rows \(2\) to be in each of 3 parts/
  );
  expect(found([ALCOHOL, rare], { ...stratified, validation: false })).toEqual(
    {}
  );
  expect(found([ALCOHOL, rare])).toEqual({});
  expect(Object.keys(found(PROFILE.columns, stratified, 'regression'))).toEqual(
    ['split.method']
  );
});

test('too few rows, and two classes that are more', () => {
  expect(
    Object.keys(found(PROFILE.columns, {}, 'multiclass', { rows: 5 }))
  ).toEqual(['split.parts']);
  expect(Object.keys(found(PROFILE.columns, { task: 'binary' }))).toEqual([
    'task'
  ]);
});

test('with the test part left out nothing is judged by what is left', () => {
  const columns = [ALCOHOL, { ...TARGET, unique: 1 }];
  expect(found(columns, {}, 'multiclass', { hidden: 36 })).toEqual({});
  expect(allRows({ ...PROFILE, rows: 142, hidden: 36 })).toBe(178);
});
