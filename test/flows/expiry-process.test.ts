import { execFile } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';

const entry = pathToFileURL('src/index.ts').href;

/** Runs a program in a Node process of its own and answers what it printed when it ended by itself. */
const run = (program: string) =>
  new Promise<string>((resolve, reject) => {
    const source = `import { createTokenManager } from ${JSON.stringify(entry)};
      const items = new Map();
      const storage = {
        getItem: (key) => items.get(key),
        setItem: (key, value) => items.set(key, value),
        removeItem: (key) => items.delete(key),
      };
      const refresh = async () => ({ access_token: 'new', expires_in: 3600 });
      const fetch = async () => new Response('ok');
      const create = (options) =>
        createTokenManager({ refresh, fetch, allow: 'https://api.example.com', ...options });
      ${program}`;
    const args = ['--no-warnings', '--input-type=module', '--eval', source];
    execFile(process.execPath, args, { timeout: 20_000 }, (error, stdout, stderr) =>
      error ? reject(new Error(`${error.signal ?? error.code} ${stderr}`)) : resolve(stdout.trim()),
    );
  });

test.each([
  ['signed in with keepFresh', `{ keepFresh: true }`],
  ['with a shared storage and a name', `{ storage, name: 'cli', keepFresh: true }`],
])(
  'R13: timers never keep a Node process alive: %s',
  async (_what, options) => {
    const program = `const auth = create(${options});
      await auth.signIn({ access_token: 'a', expires_in: 3600 });
      await auth.fetch('https://api.example.com/');
      await auth.refresh();
      console.log(auth.tokens.accessToken);`;
    expect(await run(program)).toBe('new');
  },
  30_000,
);

test('R13: nor does a refresh that failed keep it alive', async () => {
  const program = `const auth = create({ keepFresh: true, refresh: async () => { throw new Error('down') } });
      await auth.signIn({ access_token: 'a', expires_in: 3600 });
      console.log(await auth.refresh().catch((error) => error.code));`;
  expect(await run(program)).toBe('refresh-failed');
}, 30_000);
