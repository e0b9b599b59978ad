/** The figures of the performance page are those of the benches. */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

test('every table of docs/performance.md is drawn from bench/results/', () => {
  // It names what to do when it fails.
  expect(() =>
    execFileSync(process.execPath, ['bench/report.mjs', '--check'], { stdio: 'pipe' }),
  ).not.toThrow();
});
