/** Starts the loopback servers in a process of their own and talks to them. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export async function startServers() {
  const child = fork(fileURLToPath(new URL('./server.mjs', import.meta.url)), { execArgv: [] });
  const [{ port }] = await once(child, 'message');
  const origin = `http://127.0.0.1:${port}`;
  const open = new Map();
  let calls = 0;
  child.on('message', ({ call, value }) => {
    open.get(call)(value);
    open.delete(call);
  });
  const ask = (act, ...args) =>
    new Promise((resolve) => {
      open.set(++calls, resolve);
      child.send({ call: calls, act, args });
    });
  let realms = 0;

  return {
    origin,
    /** Opens a session of its own; see `realm.mjs` for the options. */
    async open(options) {
      const id = `r${++realms}`;
      const tokens = await ask('open', id, options);
      return {
        tokens,
        url: `${origin}/${id}/items/42?fields=name`,
        tokenEndpoint: `${origin}/${id}/token`,
        stats: () => ask('stats', id),
        deny: () => ask('deny', id),
        fail: (kind) => ask('fail', id, kind),
        close: () => ask('close', id),
      };
    },
    pages: (all) => ask('pages', all),
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}
