import { fileURLToPath } from 'node:url';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

/** Real servers with tokens that live seconds, real processes, bursts of ten thousand: in real time, so on their own. */
const load = [
  'test/flows/real-server*.test.ts',
  'test/flows/burst.test.ts',
  'test/flows/expiry-process.test.ts',
  'test/flows/worker-threads.test.ts',
  'test/flows/file-*.test.ts',
];

/** Against the real Firebase Auth emulator, where it is installed. */
const firebase = ['test/flows/firebase*.test.ts'];

/** With a real Redis, where it is installed. */
const redis = ['test/redis/*-real.test.ts', 'test/flows/redis-*.test.ts'];

/** Random lives of many contexts: thousands of them, so on their own. */
const model = ['test/flows/model*.test.ts'];

/** Each file has a process of its own: what one leaves behind (a timer, a channel, a lock, a stubbed global) makes no other fail. */
const unit: TestProjectInlineConfiguration['test'] = {
  // In one module graph the files took a fifth of the processor time, and failed by chance; threads take as long as
  // processes, and share locks and channels.
  isolate: true,
  pool: 'forks',
  // It looks at the platform when it is loaded, and a test may change the platform.
  server: { deps: { inline: ['ky'] } },
  include: ['test/**/*.test.ts'],
  exclude: ['test/house/**', 'test/contexts/**', ...load, ...firebase, ...model, ...redis],
};

export default defineConfig({
  define: { __DEVELOPMENT__: 'true' },
  resolve: {
    alias: [
      { find: /^evertoken$/, replacement: fileURLToPath(new URL('src/index.ts', import.meta.url)) },
      { find: /^evertoken\/(\w+)$/, replacement: fileURLToPath(new URL('src/$1/index.ts', import.meta.url)) },
    ],
  },
  test: {
    // By default a core stays free, which is half of two.
    maxWorkers: '100%',
    sequence: { shuffle: { files: true, tests: true } },
    restoreMocks: true,
    unstubEnvs: true,
    unstubGlobals: true,
    // On a busy machine a test takes its time, and that is no failure.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
    setupFiles: 'test/support/patience.ts',
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      reporter: [['text', { skipFull: true }], 'json-summary'],
      thresholds: { statements: 95, branches: 95 },
    },
    projects: [
      { extends: true, test: { ...unit, name: 'unit' } },
      // The same, as the production build has it.
      { extends: true, define: { __DEVELOPMENT__: 'false' }, test: { ...unit, name: 'production' } },
      {
        extends: true,
        test: {
          name: 'firebase',
          include: firebase,
          globalSetup: 'test/support/firebase-tools.ts',
          hookTimeout: 180_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'interop',
          include: ['interop/*.test.ts'],
          // It has a development build, and a schema of one build is none to the other.
          server: { deps: { inline: [/graphql/] } },
        },
      },
      {
        extends: true,
        test: {
          name: 'runtimes',
          include: ['runtimes/*.test.ts'],
          globalSetup: ['test/house/pack.ts', 'runtimes/install.ts'],
        },
      },
      {
        extends: true,
        resolve: {
          alias: [
            {
              find: /^react(?=$|-dom|\/)/,
              replacement: fileURLToPath(new URL('interop-react18/node_modules/react', import.meta.url)),
            },
          ],
        },
        test: {
          ...unit,
          name: 'react18',
          include: ['test/react/*.test.ts'],
          exclude: [],
          env: { EVERTOKEN_REACT: '18' },
        },
      },
      { extends: true, test: { name: 'load', include: load } },
      { extends: true, test: { name: 'model', include: model } },
      {
        extends: true,
        // Each file starts servers and processes of its own.
        test: {
          name: 'redis',
          include: redis,
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'house',
          include: ['test/house/*.test.ts'],
          globalSetup: 'test/house/pack.ts',
        },
      },
      {
        extends: true,
        test: {
          name: 'browsers',
          include: ['test/contexts/*.test.ts'],
          globalSetup: 'test/house/pack.ts',
          // One browser at a time: they would take the processor from each other.
          fileParallelism: false,
          // A browser that does not start is no failure of ours. `npm test` names what passed only then: it is to be mended.
          retry: 1,
          testTimeout: 180_000,
        },
      },
    ],
  },
});
