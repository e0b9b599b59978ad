/** R13: what keeps a Node process alive, and what does not: real processes, in real time. */
import { execFile } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { fromSource } from '../support/from-source.ts';

const entry = pathToFileURL('src/index.ts').href;

/** Runs a program in a Node process of its own and answers what it printed when it ended by itself. */
const run = (program: string) =>
  new Promise<string>((resolve, reject) => {
    const source = `import { createTokenManager, keyValueStore, memoryStore, tokenStore } from ${JSON.stringify(entry)};
      const items = new Map();
      const storage = {
        getItem: (key) => items.get(key),
        setItem: (key, value) => items.set(key, value),
        removeItem: (key) => items.delete(key),
      };
      const never = () => new Promise(() => {});
      const refresh = async () => ({ access_token: 'new', expires_in: 3600 });
      const fetch = async () => new Response('ok');
      const create = (options) =>
        createTokenManager({ refresh, fetch, allow: 'https://api.example.com', ...options });
      const outcome = (promise) =>
        promise.then((value) => value?.status ?? 'resolved', (error) => error.code ?? error.name);
      ${program}`;
    const args = [...fromSource, '--no-warnings', '--input-type=module', '--eval', source];
    execFile(process.execPath, args, { timeout: 60_000 }, (error, stdout, stderr) =>
      error ? reject(new Error(`${error.signal ?? error.code} ${stderr}`)) : resolve(stdout.trim()),
    );
  });

const dead = `{ access_token: 'a', refresh_token: 'r', expires_in: 3600 }`;

describe.concurrent('R13: timers never keep a Node process alive', { timeout: 90_000 }, () => {
  test.each([
    ['signed in with keepFresh', `{ keepFresh: true }`],
    ['with a store', `{ store: keyValueStore('cli', storage), keepFresh: true }`],
    [
      'with a store whose writes fail',
      `{ store: tokenStore({ read: async () => undefined, replace: async () => { throw new Error('full') } }) }`,
    ],
  ])('%s', async (_what, options) => {
    const program = `const auth = create(${options});
      await auth.signIn({ access_token: 'a', expires_in: 3600 });
      await auth.fetch('https://api.example.com/');
      await auth.refresh();
      console.log(auth.tokens.accessToken);`;
    expect(await run(program)).toBe('new');
  });

  test('nor does a refresh that failed, or one that runs on after its waiters have given up', async () => {
    const program = `const failing = create({ keepFresh: true, refresh: async () => { throw new Error('down') } });
      await failing.signIn(${dead});
      console.log(await outcome(failing.refresh()));
      const hanging = create({ refresh: never, refreshTimeout: 300 });
      await hanging.signIn(${dead});
      await outcome(hanging.refresh());
      console.log('done');`;
    expect(await run(program)).toBe('refresh-failed\ndone');
  });
});

describe.concurrent('R13, R38: whoever awaits is told before a Node process ends', {
  timeout: 30_000,
}, () => {
  test.each([
    ['a refresh that never settles', `{ refresh: never, refreshTimeout: 300 }`],
    ['the same over a store', `{ refresh: never, refreshTimeout: 300, store: memoryStore() }`],
    [
      'a lock that is never granted',
      `{ refreshTimeout: 300, store: tokenStore({ ...port(), lock: (_task, { signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))) }) }`,
    ],
  ])('that refresh() has failed: %s', async (_what, options) => {
    const program = `const port = () => {
        let entry;
        return {
          read: async () => entry,
          replace: async (version, next) => entry?.version === version && (entry = next, true),
        };
      };
      const auth = create(${options});
      await auth.signIn(${dead});
      console.log(await outcome(auth.refresh()));`;
    expect(await run(program)).toBe('refresh-failed');
  });

  test('that a sign-in is not stored, by a store that refuses each replacement', async () => {
    const program = `const auth = create({
        store: tokenStore({ read: async () => undefined, replace: async () => false }),
      });
      auth.on('store-failed', ({ operation, error }) => console.log(operation, error.name));
      await auth.signIn(${dead});
      console.log(auth.status);`;
    expect(await run(program)).toMatch(/ TimeoutError\nsigned-in$/);
  });

  test('that a request whose token has expired has none', async () => {
    const program = `const auth = create({ refresh: never, refreshTimeout: 300 });
      await auth.signIn({ accessToken: 'a', refreshToken: 'r', expiresAt: Date.now() - 1000 });
      console.log(await outcome(auth.fetch('https://api.example.com/')));`;
    expect(await run(program)).toBe('refresh-failed');
  });

  test('that a stored session is over whose refresh token is dead', async () => {
    const program = `const store = () => keyValueStore('cli', storage);
      const before = create({ store: store() });
      await before.signIn({ accessToken: 'a', refreshToken: 'dead', expiresAt: Date.now() - 1000 });
      before.close();
      const auth = create({ store: store(), refresh: async () => { throw { error: 'invalid_grant' } } });
      console.log(await outcome(auth.fetch('https://api.example.com/')));`;
    expect(await run(program)).toBe('session-ended');
  });

  test('that nobody is known to be signed in: ready, over a cookie whose server never answers', async () => {
    const program = `const auth = create({
        refresh: Object.assign(never, { withoutRefreshToken: true }),
        refreshTimeout: 300,
      });
      await auth.ready;
      console.log(auth.status);`;
    expect(await run(program)).toBe('unknown');
  });

  test('that a revocation has taken too long', async () => {
    const program = `const auth = create({ revoke: never, refreshTimeout: 300 });
      console.error = () => {};
      await auth.signIn(${dead});
      await auth.signOut();
      console.log(auth.status);`;
    expect(await run(program)).toBe('signed-out');
  });

  test('R53: that a store hangs: 5 s, and the session goes on in memory', async () => {
    const program = `const auth = create({ store: tokenStore({ read: never, replace: never }) });
      await auth.ready;
      await auth.signIn(${dead});
      console.log(auth.status, await outcome(auth.fetch('https://api.example.com/')));`;
    expect(await run(program)).toBe('signed-in 200');
  });

  test('R40: that a captured answer cannot be read in time', async () => {
    const program = `const auth = create({ capture: [{ url: 'https://api.example.com', read: never }] });
      await auth.signIn(${dead});
      console.log(await outcome(auth.fetch('https://api.example.com/')));`;
    expect(await run(program)).toBe('200');
  });
});
