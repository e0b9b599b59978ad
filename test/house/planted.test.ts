/** R37: what a page puts on `Object.prototype`, under whatever name that a build reads anything by. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inject, test } from 'vitest';

const dist = join(inject('peered'), 'node_modules', 'evertoken', 'dist');

test.concurrent.for([
  // The session, and how many names there are at least, each with a text and a function.
  ['tokenStore', 400],
  ['refreshEndpoint', 400],
  ['firebase', 5],
  ['dpop', 20],
  ['oidc', 100],
] as const)('R37: a session goes on as without it, with %s', async ([story, least], { expect }) => {
  const program = join('test', 'support', 'planted-process.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [program, dist, story]);
  const { differing, tried, lines } = JSON.parse(stdout);
  expect(differing).toEqual([]);
  expect(tried).toBeGreaterThan(2 * least);
  expect(lines).toBeGreaterThan(100);
});
