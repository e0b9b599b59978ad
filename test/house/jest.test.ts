/** Jest, in both of its environments: it requires CommonJS, and its jsdom lacks much of a browser. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';

const require = createRequire(import.meta.url);
const consumer = inject('consumer');

const story = `
  const path = require('node:path');
  const { asTokenError, createTokenManager, memoryStore, refreshEndpoint, webStore } = require('evertoken');
  const refresh = refreshEndpoint({ url: 'https://as.example.com/token', clientId: 'spa' });
  const allow = 'https://api.example.com';
  const dist = path.join('node_modules', 'evertoken', 'dist');

  test.each([undefined, memoryStore(), webStore('shop')])('creation, sign-in, sign-out (%#)', async (store) => {
    const auth = createTokenManager({ refresh, allow, store });
    const heard = [];
    auth.on('*', (event) => heard.push(event));
    await auth.signIn({ access_token: 'a', refresh_token: 'r', expires_in: 3600 });
    expect([auth.status, await auth.getAccessToken()]).toEqual(['signed-in', 'a']);
    await auth.signOut();
    expect([auth.status, heard]).toEqual(['signed-out', ['signed-in', 'signed-out']]);
    auth.close();
  });`;

const stories = {
  node: `${story}
  test('is the production build', () => {
    expect(require.resolve('evertoken')).toContain(path.join(dist, 'index.cjs'));
  });

  test('a request whose token is refused is sent again with a new one', async () => {
    const seen = [];
    jest.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
      const request = new Request(input, init);
      seen.push(request.url + ' ' + request.headers.get('authorization'));
      if (request.url.endsWith('/token')) return Response.json({ access_token: 'new', expires_in: 3600 });
      return new Response('', { status: request.headers.get('authorization') === 'Bearer new' ? 200 : 401 });
    });
    const auth = createTokenManager({ refresh, allow });
    await auth.signIn({ access_token: 'old', refresh_token: 'r', expires_in: 3600 });
    const { status } = await auth.fetch('https://api.example.com/me');
    expect([status, ...seen]).toEqual([200, 'https://api.example.com/me Bearer old', 'https://as.example.com/token null',
      'https://api.example.com/me Bearer new']);
    auth.close();
  });`,
  jsdom: `${story}
  test('is the production build, without what a browser has', () => {
    expect(require.resolve('evertoken')).toContain(path.join(dist, 'index.cjs'));
    expect([typeof window, typeof TextEncoder, typeof fetch, typeof Request, typeof indexedDB]).toEqual(
      ['object', ...Array(4).fill('undefined')]);
  });

  test('a refresh that the environment cannot do says what it lacks', async () => {
    const auth = createTokenManager({ refresh, allow });
    await auth.signIn({ access_token: 'old', refresh_token: 'r' });
    const error = await auth.refresh().catch((error) => asTokenError(error, 'refresh-failed'));
    expect(error.cause.message).toBe('TextEncoder is not defined');
    auth.close();
  });`,
  switched: `/** @jest-environment-options {"customExportConditions": ["development", "node", "node-addons"]} */
  test('customExportConditions chooses the development build', () => {
    expect(require.resolve('evertoken')).toContain(require('node:path').join('dist', 'development', 'index.cjs'));
  });`,
};

test('require, creation and sign-in work in the environments node and jsdom, a refresh in node', () => {
  const folder = join(consumer, 'jest');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{}');
  for (const [name, text] of Object.entries(stories)) {
    const environment = name === 'jsdom' ? require.resolve('jest-environment-jsdom') : 'node';
    const docblock = text.startsWith('/**') ? '' : `/** @jest-environment ${environment} */\n`;
    writeFileSync(join(folder, `${name}.test.js`), docblock + text);
  }
  const args = [
    require.resolve('jest/bin/jest'),
    '--ci',
    '--runInBand',
    '--cacheDirectory',
    join(folder, 'cache'),
  ];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  expect(stderr).toMatch(/Tests: +11 passed, 11 total/);
});
