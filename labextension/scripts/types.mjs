// Writes TypeScript for the components of an OpenAPI document: from standard input or a named file, to standard output.
import { readFileSync } from 'node:fs';
import { compile } from 'json-schema-to-typescript';

const source = process.argv[2] ?? 0;
const document = JSON.parse(readFileSync(source, 'utf8'));
const schemas = document.components?.schemas;
if (!schemas || Object.keys(schemas).length === 0) {
  console.error('types: the document has no components.schemas');
  process.exit(1);
}

// A `title` on each property would give each its own alias; only the schemas' names are wanted.
function untitled(node) {
  if (Array.isArray(node)) {
    return node.map(untitled);
  }
  if (node === null || typeof node !== 'object') {
    return node;
  }
  if (typeof node.$ref === 'string') {
    // Keywords beside a reference would make a copy of what it leads to.
    return {
      $ref: node.$ref.replace('#/components/schemas/', '#/definitions/')
    };
  }
  const entries = Object.entries(node)
    .filter(([key, value]) => key !== 'title' || typeof value !== 'string')
    .map(([key, value]) => [key, untitled(value)]);
  return Object.fromEntries(entries);
}

const names = Object.keys(schemas).sort();
const definitions = Object.fromEntries(
  names.map(name => [name, { ...untitled(schemas[name]), title: name }])
);
const text = await compile(
  { title: 'Api', type: 'object', additionalProperties: false, definitions },
  'Api',
  {
    additionalProperties: false,
    bannerComment:
      '/* Generated from the server\'s models by "jlpm types"; not edited. */',
    format: true,
    ignoreMinAndMaxItems: true,
    style: { singleQuote: true, trailingComma: 'none', arrowParens: 'avoid' },
    unreachableDefinitions: true
  }
);
// json-schema-to-typescript says of each unreachable definition where it stood: noise here.
process.stdout.write(
  text
    .replace(
      /\/\*\*\n(?: \*[^\n]*\n)*? \* This interface was referenced by[^]*?\*\/\n/g,
      ''
    )
    .replace(/export interface Api \{\}\n/, '')
);
