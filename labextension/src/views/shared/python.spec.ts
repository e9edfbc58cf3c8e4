import { RUN_ID, tuneRun } from '../../testing/samples';
import { literal, trainCode, tuneCode } from './python';

test('the call of a search has what differs from its defaults', () => {
  expect(tuneCode(tuneRun().spec)).toBe(
    [
      'import kflab',
      '',
      'search = kflab.tune(',
      '    name="better wine",',
      '    dataset={"uri": "sklearn:wine", "target": "target"},',
      '    model={"family": "sklearn:RandomForestClassifier", "params": {}},',
      '    space=[',
      '        {',
      '            "name": "n_estimators",',
      '            "type": "int",',
      '            "low": 20,',
      '            "high": 500,',
      '            "scale": "log",',
      '        },',
      '        {"name": "max_depth", "type": "int", "low": 2, "high": 32},',
      '        {',
      '            "name": "max_features",',
      '            "type": "choice",',
      '            "choices": ["sqrt", "log2", "all"],',
      '        },',
      '    ],',
      '    metric="accuracy",',
      '    method="tpe",',
      '    trials=12,',
      '    parallel=2,',
      ')',
      'search.wait().best()'
    ].join('\n')
  );
});

test('the key of a run stays out of its code: with it, the call would give that run', () => {
  const spec = { ...tuneRun().spec, key: RUN_ID };
  expect(tuneCode(spec)).toBe(tuneCode(tuneRun().spec));
  expect(trainCode(spec)).toBe(trainCode(tuneRun().spec));
});

test('a run that it starts from, and limits that are no arguments', () => {
  const { spec } = tuneRun();
  const code = tuneCode({
    ...spec,
    from: { run: '01J' },
    tuning: {
      ...spec.tuning,
      method: 'hyperband',
      resource: { name: 'trees', min: 10, max: 270, factor: 3 },
      budget: { trials: 5, seconds: 60, trial_seconds: 7 }
    }
  });
  expect(code).toContain('    {"from": {"run": "01J"}},\n');
  expect(code).toContain('seconds=60,');
  expect(code).toMatch(/tuning=\{[^]*"resource": \{"name": "trees"/);
  expect(code).toContain('"budget": {"trial_seconds": 7}');
  expect(code).not.toContain('from=');
});

test('the call of a training is as it was', () => {
  expect(
    trainCode({ kind: 'train', dataset: { uri: 'x' }, metrics: [], name: '' })
  ).toBe(
    'import kflab\n\nrun = kflab.train(\n    dataset={"uri": "x"},\n)\nrun.wait()'
  );
  expect(literal([1, 'a', true, null])).toBe('[1, "a", True, None]');
});
