/** RFC 8252 in a page's bundle: the port that `signInLoopback` listens on troubles no bundler for browsers. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build as esbuild } from 'esbuild';
import { createLogger, build as vite } from 'vite';
import { expect, inject, test, vi } from 'vitest';
import webpack from 'webpack';

const root = join(inject('peered'), 'page');
const entry = join(root, 'main.js');
mkdirSync(root, { recursive: true });
writeFileSync(
  entry,
  `import { createOidcClient } from 'evertoken/oidc'; globalThis.create = createOidcClient;`,
);
writeFileSync(join(root, 'index.html'), '<script type="module" src="/main.js"></script>');

test('esbuild bundles evertoken/oidc without a warning', async () => {
  const { warnings, metafile } = await esbuild({
    entryPoints: [entry],
    ...{ platform: 'browser', bundle: true, write: false, metafile: true, logLevel: 'silent', outdir: 'out' },
  });
  expect(warnings).toEqual([]);
  const imported = Object.values(metafile.outputs).flatMap(({ imports }) => imports);
  expect(imported).toEqual([]);
});

test('webpack bundles it without a warning', async () => {
  const output = { path: join(root, 'out') };
  const compiler = webpack({ mode: 'production', target: 'web', context: root, entry, output });
  const stats = await new Promise<webpack.Stats | undefined>((resolve, reject) => {
    compiler?.run((error, stats) => (error ? reject(error) : resolve(stats)));
  });
  expect(stats?.toJson({ all: false, errors: true, warnings: true })).toMatchObject({
    errors: [],
    warnings: [],
  });
});

test('Vite builds it without a warning', async () => {
  const customLogger = createLogger('warn');
  const warned = vi.spyOn(customLogger, 'warn').mockImplementation(() => {});
  const failed = vi.spyOn(customLogger, 'error').mockImplementation(() => {});
  await vite({ root, customLogger, configFile: false, build: { write: false } });
  expect([...warned.mock.calls, ...failed.mock.calls]).toEqual([]);
});
