/** examples/fleet.ts, as a newcomer starts it, over the source. */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { hasRedis } from '../support/redis-server.ts';

/** Names of the package lead to the source. */
const fromHere = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  globalThis.__DEVELOPMENT__ = true;
  registerHooks({
    resolve(name, context, next) {
      const [, entry] = /^evertoken(?:\\/(\\w+))?$/.exec(name) ?? [name];
      if (!name.startsWith('evertoken')) return next(name, context);
      return next(${JSON.stringify(`file://${resolve('src')}/`)} + (entry ? entry + '/' : '') + 'index.ts', context);
    },
  });`)}`;

const run = async (env: NodeJS.ProcessEnv = {}) => {
  const options = { env: { ...process.env, NODE_OPTIONS: '', ...env }, timeout: 120_000 };
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', fromHere, 'examples/fleet.ts'],
    options,
  );
  return stdout;
};

test.skipIf(!hasRedis)(
  'four processes with one Redis refresh once for all, and every request is answered',
  async () => {
    const said = await run();
    for (const name of ['one', 'two', 'three', 'four'])
      expect(said).toMatch(new RegExp(`${name}: \\d+ requests answered`));
    expect(said).toMatch(/: refreshed \((?:ahead|expired)\)/);
  },
);

test('without redis-server the example says how it is installed', async () => {
  expect(await run({ PATH: '/nowhere' })).toMatch(
    /redis-server is not installed: `apt-get install redis-server`/,
  );
});
