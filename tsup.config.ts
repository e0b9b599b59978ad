import { defineConfig, type Options } from 'tsup';

/** What both builds have in common, and the constant in which they differ (docs/decisions/0006-builds.md). */
const build = (isDevelopment: boolean): Options => ({
  entry: {
    dpop: 'src/dpop/index.ts',
    firebase: 'src/firebase/index.ts',
    index: 'src/index.ts',
    oidc: 'src/oidc/index.ts',
  },
  format: ['esm', 'cjs'],
  target: 'es2022',
  define: { __DEVELOPMENT__: `${isDevelopment}` },
  outDir: isDevelopment ? 'dist/development' : 'dist',
  clean: isDevelopment || ['!development'],
  // They are the same. `Symbol.dispose` is not in the ES2022 library that many users compile with.
  dts: !isDevelopment && { banner: '/// <reference lib="esnext.disposable" />' },
  treeshake: true,
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
