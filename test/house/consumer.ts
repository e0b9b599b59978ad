/** A user's first lines; compiled against the packed package only. */

import type { HeadersInput, StoreEntry, StorePort, TokenManager, TokenSet, TokenStore } from 'evertoken';
import {
  asTokenError,
  bearer,
  cookieStore,
  createTokenManager,
  keyValueStore,
  memoryStore,
  refreshEndpoint,
  revokeEndpoint,
  TokenError,
  tokenStore,
  webStore,
} from 'evertoken';

const headers = async (tokens: TokenSet | undefined): Promise<HeadersInput> =>
  tokens?.idToken ? [['x-id', tokens.idToken]] : new Headers({ 'x-csrf': '1' });
const read = (body: unknown, { status }: Response): unknown => ({ body, status });
const refresh = refreshEndpoint({ url: 'https://login.example.com/token', clientId: 'app', headers, read });
const revoke = revokeEndpoint({ url: new URL('https://login.example.com/revoke'), headers: { a: 'b' } });
const allow = ['https://api.example.com', new URL('https://files.example.com/v1')];
const store: TokenStore = webStore('shop', { area: 'session' });
const auth: TokenManager = createTokenManager({ refresh, revoke, allow, store, attach: bearer() });
const stop: () => void = auth.on('signed-out', ({ reason, elsewhere, error }) =>
  console.log(reason, elsewhere, error?.code),
);
const status: 'unknown' | 'signed-in' | 'signed-out' = auth.status;
const tokens: TokenSet | undefined = auth.tokens;
const found: TokenError | undefined = asTokenError(new TokenError('closed'), 'closed');
export const me: Promise<Response> = auth.fetch('https://api.example.com/me', { method: 'GET' });
export const state = [stop, status, tokens?.expiresAt, tokens?.refreshExpiresAt, found?.retryAt];

let entry: StoreEntry | undefined;
const port: StorePort = {
  read: async () => entry,
  async replace(version, next) {
    if (entry?.version !== version) return false;
    entry = next;
    return true;
  },
  watch: undefined,
};
const items = new Map<string, string>();
const storage = {
  getItem: (key: string) => items.get(key) ?? null,
  setItem: (key: string, value: string) => void items.set(key, value),
  removeItem: (key: string) => void items.delete(key),
};
export const others: TokenStore[] = [
  tokenStore(port),
  cookieStore('shop'),
  keyValueStore('shop', storage),
  memoryStore(),
];
