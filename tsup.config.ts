import { defineConfig } from 'tsup';

export default defineConfig({
  entry: {
    dpop: 'src/dpop/index.ts',
    firebase: 'src/firebase/index.ts',
    index: 'src/index.ts',
    oidc: 'src/oidc/index.ts',
  },
  format: ['esm', 'cjs'],
  target: 'es2022',
  // `Symbol.dispose` is not in the ES2022 library that many users compile with.
  dts: { banner: '/// <reference lib="esnext.disposable" />' },
  clean: true,
  treeshake: true,
});
