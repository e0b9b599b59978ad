import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { defineConfig, type Options } from 'tsup';

/** The root, and each folder of `src/` with an `index.ts`. */
const entries = globSync(['src/index.ts', 'src/*/index.ts']);

/** Tree shaking drops directives, and Next's app router needs this one: hooks and context are for the page. */
const useClient: NonNullable<Options['plugins']>[number] = {
  name: 'use client',
  buildEnd({ writtenFiles }) {
    for (const { name } of writtenFiles.filter(({ name }) => /\breact\.c?js$/.test(name)))
      writeFileSync(name, `'use client';\n${readFileSync(name, 'utf8')}`);
  },
};

/** What both builds have in common, and the constant in which they differ (docs/decisions/0006-builds.md). */
const build = (isDevelopment: boolean): Options => ({
  entry: Object.fromEntries(entries.map((path) => [basename(dirname(path)).replace('src', 'index'), path])),
  format: ['esm', 'cjs'],
  target: 'es2022',
  define: { __DEVELOPMENT__: `${isDevelopment}` },
  outDir: isDevelopment ? 'dist/development' : 'dist',
  clean: isDevelopment || ['!development'],
  // They are the same. `Symbol.dispose` is not in the ES2022 library that many users compile with.
  dts: !isDevelopment && { banner: '/// <reference lib="esnext.disposable" />' },
  treeshake: true,
  removeNodeProtocol: false,
  plugins: [useClient],
  // Each entry point has what it needs, and loads nothing of the others.
  splitting: false,
  // The CommonJS build carries it.
  noExternal: ['ky'],
  esbuildOptions(options, { format }) {
    if (format === 'esm') options.external = ['ky'];
    else options.alias = { ky: './scripts/lazy-ky.ts' };
  },
});

export default defineConfig([build(false), build(true)]);
