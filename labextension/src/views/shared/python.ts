import type { RunSpec } from './types';

/** A JSON value as a Python literal. */
export function literal(value: unknown, indent = ''): string {
  if (value === null || value === undefined) {
    return 'None';
  }
  if (typeof value === 'boolean') {
    return value ? 'True' : 'False';
  }
  if (typeof value === 'number') {
    return String(value);
  }
  if (typeof value === 'string') {
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) {
    const flat = `[${value.map(item => literal(item)).join(', ')}]`;
    if (flat.length + indent.length <= 78 || value.every(isPlain)) {
      return flat;
    }
    const deeper = `${indent}    `;
    const lines = value.map(item => `${deeper}${literal(item, deeper)},`);
    return ['[', ...lines, `${indent}]`].join('\n');
  }
  const entries = Object.entries(value);
  const flat = `{${entries.map(([key, item]) => `${JSON.stringify(key)}: ${literal(item)}`).join(', ')}}`;
  if (flat.length + indent.length <= 78 || entries.length === 0) {
    return flat;
  }
  const deeper = `${indent}    `;
  const lines = entries.map(
    ([key, item]) =>
      `${deeper}${JSON.stringify(key)}: ${literal(item, deeper)},`
  );
  return ['{', ...lines, `${indent}}`].join('\n');
}

function isPlain(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}

/** Keys of a RunSpec that are no arguments of a call, or that it has by itself. */
const NOT_ARGUMENTS = ['version', 'kind', 'key', 'from', 'engine'];

/** `    name=value,` for each that is given. */
function args(given: object): string[] {
  return Object.entries(given)
    .filter(
      ([key, value]) =>
        !NOT_ARGUMENTS.includes(key) &&
        value !== null &&
        value !== undefined &&
        value !== '' &&
        !(Array.isArray(value) && value.length === 0)
    )
    .map(([key, value]) => `    ${key}=${literal(value, '    ')},`);
}

/** The call that starts this run from Python. */
export function trainCode(spec: object): string {
  return [
    'import kflab',
    '',
    'run = kflab.train(',
    ...args(spec),
    ')',
    'run.wait()'
  ].join('\n');
}

/** The call that starts this search from Python. */
export function tuneCode(spec: RunSpec): string {
  const { tuning, from, ...rest } = spec;
  const { space, objective, method, budget, ...more } = tuning ?? {};
  const { trials, parallel, seconds, ...limits } = budget ?? {};
  const others = {
    ...given(more),
    ...(Object.keys(given(limits)).length > 0 ? { budget: given(limits) } : {})
  };
  return [
    'import kflab',
    '',
    'search = kflab.tune(',
    // "from" is a word of Python's own, so it can't be an argument.
    ...(from ? [`    ${literal({ from }, '    ')},`] : []),
    ...args({
      ...rest,
      space: space?.map(({ when, scale, ...parameter }) => ({
        ...given(parameter),
        ...(scale === 'log' ? { scale } : {}),
        ...(Object.keys(when ?? {}).length > 0 ? { when } : {})
      })),
      metric: objective?.metric,
      method,
      trials,
      parallel,
      seconds,
      ...(Object.keys(others).length > 0 ? { tuning: others } : {})
    }),
    ')',
    'search.wait().best()'
  ].join('\n');
}

function given(values: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).filter(
      ([, value]) => value !== null && value !== undefined
    )
  );
}
