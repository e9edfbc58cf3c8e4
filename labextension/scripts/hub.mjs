// Bundles what the hub needs from npm, so that it runs without npm: the proxy, and the pages' scripts.
import { build } from 'esbuild';
import { copyFile, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const modules = path.resolve(here, '../node_modules');
const hub = path.resolve(here, '../../kfspawner');
const chp = path.join(modules, 'configurable-http-proxy');

// The proxy reads its package.json one folder up from the script and its error pages beside it.
const proxy = path.join(hub, 'proxy');
await rm(proxy, { recursive: true, force: true });
await mkdir(path.join(proxy, 'bin'), { recursive: true });
await build({
  entryPoints: [path.join(chp, 'bin/configurable-http-proxy')],
  outfile: path.join(proxy, 'bin/proxy.mjs'),
  loader: { '': 'js' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  minify: true,
  legalComments: 'eof',
  banner: {
    // Bundled CommonJS parts still ask for Node's own modules by require.
    js: "import { createRequire as kfhubRequire } from 'node:module'; globalThis.require ??= kfhubRequire(import.meta.url);"
  }
});
const { name, version, license, type } = JSON.parse(
  await readFile(path.join(chp, 'package.json'), 'utf8')
);
await writeFile(
  path.join(proxy, 'package.json'),
  JSON.stringify({ name, version, license, type })
);
await copyFile(path.join(chp, 'LICENSE'), path.join(proxy, 'LICENSE'));
await cp(path.join(chp, 'lib/error'), path.join(proxy, 'bin/error'), {
  recursive: true
});

for (const script of ['form.js', 'progress.js']) {
  const source = path.join(hub, 'form_src', script);
  if (existsSync(source)) {
    await build({
      entryPoints: [source],
      outfile: path.join(hub, 'static', script),
      nodePaths: [modules],
      bundle: true,
      format: 'iife',
      target: 'es2020',
      minify: true,
      legalComments: 'eof'
    });
  }
}
