// Builds what kflab.widgets shows in a notebook cell: the loader that each widget carries, the views, their styles.
import { build, transform } from 'esbuild';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const source = path.resolve(here, '../src/widget');
const out = path.resolve(here, '../../server_ext/kflab/widgets/static');
const target = ['chrome109', 'firefox115', 'safari16.4'];
await mkdir(out, { recursive: true });

const common = {
  bundle: true,
  format: 'esm',
  target,
  minify: true,
  define: { 'process.env.NODE_ENV': '"production"' },
  logLevel: 'warning'
};
await build({
  ...common,
  entryPoints: [path.join(source, 'loader.ts')],
  outfile: path.join(out, 'loader.js')
});
await build({
  ...common,
  entryPoints: [path.join(source, 'index.tsx')],
  outfile: path.join(out, 'widget.js'),
  legalComments: 'eof'
});

// The styles hold inside a widget only: nested under its class, but for keyframes, which can't be nested.
const styles = await build({
  entryPoints: [path.join(source, 'widget.css')],
  bundle: true,
  write: false,
  logLevel: 'warning'
});
const frames = /@keyframes [\w-]+ \{(?:[^{}]*\{[^{}]*\})*[^{}]*\}/g;
const [text] = styles.outputFiles.map(file => file.text);
const scoped = await transform(
  `${(text.match(frames) ?? []).join('\n')}\n.kf-Widget {\n${text.replace(frames, '')}\n}`,
  { loader: 'css', target, minify: true }
);
await writeFile(path.join(out, 'widget.css'), scoped.code);
