/** R13: an aborted wait keeps no Node process alive: a real process, whose refresh would be waited for ten minutes. */
import { execFile } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { fromSource } from '../support/from-source.ts';

const entry = pathToFileURL('src/index.ts').href;

/** Runs a program in a Node process of its own and answers what it printed; rejects unless it ends by itself. */
const run = (program: string) =>
  new Promise<string>((resolve, reject) => {
    const args = [...fromSource, '--no-warnings', '--input-type=module', '--eval', program];
    execFile(process.execPath, args, { timeout: 50_000 }, (error, stdout, stderr) =>
      error ? reject(new Error(`${error.signal ?? error.code} ${stderr}`)) : resolve(stdout.trim()),
    );
  });

test.each([
  ['refresh()', 'auth.refresh({ signal })'],
  ['getAccessToken()', 'auth.getAccessToken({ minValidity: 1e9, signal })'],
  ['a request', `auth.fetch('https://api.example.com/', { signal })`],
  ['refresh() over a store', 'auth.refresh({ signal })', 'store: memoryStore(),'],
])('R13: once its caller has aborted %s, a Node process ends at once', async (_what, call, store = '') => {
  const output = await run(`
    import { createTokenManager, memoryStore } from ${JSON.stringify(entry)};
    const auth = createTokenManager({
      refresh: () => new Promise(() => {}),
      fetch: async () => new Response('ok'),
      allow: 'https://api.example.com',
      refreshTimeout: 600_000,
      ${store}
    });
    await auth.signIn({ accessToken: 'a', refreshToken: 'r', expiresAt: Date.now() + 1 });
    await new Promise((resolve) => setTimeout(resolve, 5));
    const controller = new AbortController();
    const { signal } = controller;
    const call = ${call}.catch(({ name }) => console.log(name));
    setImmediate(() => controller.abort());
    await call;
  `);
  expect(output).toBe('AbortError');
});

test('R13: a lock that is not granted keeps no Node process alive once its callers have given up', async () => {
  const output = await run(`
    import { createTokenManager, tokenStore } from ${JSON.stringify(entry)};
    let entry;
    const auth = createTokenManager({
      refresh: () => new Promise(() => {}),
      allow: 'https://api.example.com',
      refreshTimeout: 600_000,
      store: tokenStore({
        read: async () => entry,
        replace: async (version, next) => {
          if (entry?.version !== version) return false;
          entry = next;
          return true;
        },
        lock: () => new Promise(() => {}),
      }),
    });
    await auth.signIn({ accessToken: 'a', refreshToken: 'r' });
    const controller = new AbortController();
    const call = auth.refresh({ signal: controller.signal }).catch(({ name }) => console.log(name));
    setTimeout(() => controller.abort(), 20);
    await call;
  `);
  expect(output).toBe('AbortError');
});
