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
    return `[${value.map(item => literal(item, indent)).join(', ')}]`;
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

/** The call that starts this run from Python. */
export function trainCode(spec: object): string {
  const named = Object.entries(spec).filter(
    ([key, value]) =>
      !['version', 'kind', 'key', 'from', 'engine'].includes(key) &&
      value !== null &&
      value !== '' &&
      !(Array.isArray(value) && value.length === 0)
  );
  const lines = named.map(
    ([key, value]) => `    ${key}=${literal(value, '    ')},`
  );
  return [
    'import kflab',
    '',
    'run = kflab.train(',
    ...lines,
    ')',
    'run.wait()'
  ].join('\n');
}
