/** The recipes of docs/command-line.md, run as they stand there. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTokenManager, type TokenStore } from 'evertoken';
import * as node from 'evertoken/node';
import { expect, onTestFinished, test, vi } from 'vitest';
import { runRecipe } from '../support/recipe.ts';
import { refresh } from '../support/tabs.ts';

/** What the platform's keychain holds, as `@napi-rs/keyring` shows it. */
const secrets = new Map<string, number[]>();
class Entry {
  readonly #id: string;

  constructor(service: string, user: string) {
    this.#id = `${service} ${user}`;
  }

  getSecret = () => secrets.get(this.#id) ?? null;
  setSecret = (secret: Uint8Array) => void secrets.set(this.#id, [...secret]);
}

const { keychainStore } = runRecipe<{
  keychainStore(name: string, isLogin: boolean): TokenStore | undefined;
}>(
  'docs/command-line.md',
  'A key in the keychain',
  {},
  {
    'node:crypto': await import('node:crypto'),
    '@napi-rs/keyring': { Entry },
    'evertoken/node': node,
  },
);

function open(store: TokenStore | undefined) {
  const auth = createTokenManager({ refresh, allow: 'https://api.example.com', store });
  onTestFinished(() => auth.close());
  return auth;
}

test('R58: a key in the keychain seals the file, and the next process reads it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'evertoken-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  vi.stubEnv('HOME', folder);
  vi.stubEnv('XDG_DATA_HOME', folder);
  vi.stubEnv('LOCALAPPDATA', folder);
  expect(keychainStore('tool', false)).toBeUndefined();

  const login = open(keychainStore('tool', true));
  await login.signIn({ accessToken: 'access-1', refreshToken: 'refresh-1', expiresIn: 300 });
  login.close();
  const [, key] = [...secrets][0] ?? [];
  expect(key).toHaveLength(32);
  const file = readdirSync(folder, { recursive: true }).find((name) => `${name}`.endsWith('tool.json'));
  expect(readFileSync(join(folder, `${file}`), 'utf8')).not.toMatch(/access-1|refresh-1/);

  const next = open(keychainStore('tool', false));
  await next.ready;
  expect(next.tokens?.refreshToken).toBe('refresh-1');
  // Another login goes on with the key.
  keychainStore('tool', true);
  expect([...secrets][0]?.[1]).toEqual(key);

  // Whoever has the file alone has nobody's session.
  secrets.clear();
  const thief = open(keychainStore('tool', true));
  const failed = vi.fn();
  thief.on('store-failed', failed);
  await thief.ready;
  expect([thief.status, failed.mock.calls.length > 0]).toEqual(['signed-out', true]);
});
