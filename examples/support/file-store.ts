/** One session for all processes that open the same file: a row of SQLite. */
import { DatabaseSync } from 'node:sqlite';
import { type StoreEntry, type TokenStore, tokenStore } from 'evertoken';

export function fileStore(name: string, { path }: { path: string }): TokenStore {
  const database = new DatabaseSync(path, { timeout: 10_000 });
  database.exec('CREATE TABLE IF NOT EXISTS sessions (id TEXT PRIMARY KEY, version TEXT, value TEXT)');
  const select = database.prepare('SELECT version, value FROM sessions WHERE id = ?');
  const insert = database.prepare('INSERT INTO sessions VALUES (?, ?, ?) ON CONFLICT DO NOTHING');
  const update = database.prepare('UPDATE sessions SET version = ?, value = ? WHERE id = ? AND version = ?');
  return tokenStore({
    read: async () => select.get(name) as StoreEntry | undefined,
    async replace(version, next) {
      const { changes } =
        version === undefined
          ? insert.run(name, next.version, next.value)
          : update.run(next.version, next.value, name, version);
      return changes === 1;
    },
  });
}
