/** As basic.ts, with a store of your own: whatever holds the same row holds the same session, here two managers. */
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTokenManager, refreshEndpoint, type StoreEntry, type StorePort, tokenStore } from 'evertoken';
import { startServers } from './support/servers.ts';

const { api, tokenEndpoint, login, stop } = await startServers();
const database = new DatabaseSync(':memory:'); // a file, and other processes join
database.exec('PRAGMA busy_timeout = 2000'); // and wait for one that writes
database.exec('CREATE TABLE sessions (id TEXT PRIMARY KEY, version TEXT NOT NULL, value TEXT NOT NULL)');

/** The row of one session; comparing and writing are one statement. */
function sessionRow(id: string): StorePort {
  const select = database.prepare('SELECT version, value FROM sessions WHERE id = ?');
  const insert = database.prepare('INSERT INTO sessions VALUES (?, ?, ?) ON CONFLICT DO NOTHING');
  const update = database.prepare('UPDATE sessions SET version = ?, value = ? WHERE id = ? AND version = ?');
  return {
    read: async () => select.get(id) as StoreEntry | undefined,
    async replace(version, next) {
      const { changes } =
        version === undefined
          ? insert.run(id, next.version, next.value)
          : update.run(next.version, next.value, id, version);
      return changes === 1;
    },
  };
}

const open = () =>
  createTokenManager({
    refresh: refreshEndpoint({ url: tokenEndpoint, clientId: 'spa' }),
    allow: api,
    store: tokenStore(sessionRow('alice')),
  });

using one = open();
await one.signIn(await login());

using other = open();
other.on('*', (event, payload) => console.log(event, 'cause' in payload ? payload.cause : ''));
await other.ready;
console.log(other.status);

await sleep(2000);
const answers = [one, other].map((auth) => auth.fetch(`${api}/items`));
for (const answer of await Promise.all(answers)) console.log(answer.status);

await stop();
