/** Lines that must compile, and lines that must not. */

import type {
  AllowRule,
  Attach,
  CaptureRule,
  KeyValueStorage,
  Lock,
  Refresh,
  Revoke,
  StoreEntry,
  StorePort,
  TokenErrorCode,
  TokenEvents,
  TokenManager,
  TokenManagerOptions,
  TokenResponse,
  TokenSet,
  TokenSetInput,
  TokenStore,
} from 'evertoken';
import {
  asTokenError,
  bearer,
  cookieStore,
  createTokenManager,
  keyValueStore,
  memoryStore,
  refreshEndpoint,
  TokenError,
  tokenStore,
  webStore,
} from 'evertoken';

const allow = 'https://api.example.com';
const refresh: Refresh = async ({ tokens, signal, fetch }) => {
  const init = { method: 'POST', signal, body: tokens?.refreshToken ?? null };
  return (await fetch('https://login.example.com', init)).json();
};

// The two required options.
export const auth: TokenManager = createTokenManager({ refresh, allow });
// @ts-expect-error `allow` is never optional
createTokenManager({ refresh });
// @ts-expect-error nor is `refresh`
createTokenManager({ allow });
// @ts-expect-error an option that does not exist
createTokenManager({ refresh, allow, persistSession: true });
// @ts-expect-error refreshAhead is a number of milliseconds or false
createTokenManager({ refresh, allow, refreshAhead: true });

// Every optional property takes undefined.
export const nothing: TokenManagerOptions = {
  refresh,
  allow: [allow, new URL(allow), (url: URL) => url.pathname === '/'],
  store: undefined,
  refreshAhead: undefined,
  leeway: undefined,
  keepFresh: undefined,
  refreshTimeout: undefined,
  attach: undefined,
  isRejected: undefined,
  capture: undefined,
  revoke: undefined,
  fetch: undefined,
};
refreshEndpoint({
  url: allow,
  format: undefined,
  clientId: undefined,
  headers: undefined,
  isSessionEnded: undefined,
});
bearer({ scheme: undefined, header: undefined });

// Stores: each is named by its maker, and an option takes no other thing.
const slow: KeyValueStorage = {
  getItem: async () => null,
  setItem: async () => {},
  removeItem: async () => {},
};
const port: StorePort = {
  read: async () => undefined,
  replace: async (version: string | undefined, next: StoreEntry, quiet?: boolean) =>
    version !== next.version && !quiet,
  watch: undefined,
  lock: undefined,
  contexts: undefined,
  whenDown: undefined,
  forgets: undefined,
};
export const stores: TokenStore[] = [
  webStore('shop'),
  webStore('shop', { area: 'session' }),
  webStore('shop', { area: undefined }),
  cookieStore('shop'),
  keyValueStore('shop', localStorage),
  keyValueStore('shop', slow),
  memoryStore(),
  tokenStore(port),
  tokenStore({ ...port, contexts: 'one', whenDown: 'alone', forgets: true }),
];
// @ts-expect-error a storage is no store
createTokenManager({ refresh, allow, store: localStorage });
// @ts-expect-error nor is a port
createTokenManager({ refresh, allow, store: port });
// @ts-expect-error gone: a store is named by its maker
createTokenManager({ refresh, allow, name: 'shop' });
// @ts-expect-error the name is required
webStore();
// @ts-expect-error local or session
webStore('shop', { area: 'tab' });
// @ts-expect-error three methods
keyValueStore('shop', { getItem: () => null });
// @ts-expect-error a compare-and-set
tokenStore({ read: async () => undefined });
// @ts-expect-error many or one
export const contexts: StorePort['contexts'] = 'two';

// `fetch` fits wherever the platform's fits, and the other way round.
export const plain: typeof globalThis.fetch = auth.fetch;
createTokenManager({ refresh, allow, fetch: globalThis.fetch });
createTokenManager({ refresh, allow, fetch: async (_input, init) => new Response(init?.method) });

// The manager and its tokens are read, not written.
export const status: 'unknown' | 'signed-in' | 'signed-out' = auth.status;
export const ready: Promise<void> = auth.ready;
// @ts-expect-error read-only
auth.status = 'signed-in';
// @ts-expect-error read-only
auth.tokens = undefined;
export const tokens: TokenSet = { accessToken: 'a', tokenType: 'Bearer' };
// @ts-expect-error read-only
tokens.accessToken = 'b';
// @ts-expect-error `tokens` may be missing
auth.tokens.accessToken;

// What a login answered, on the wire or in camelCase.
// @ts-expect-error a misspelt member of a literal
export const misspelt: TokenResponse = { access_token: 'a', expire_in: 300 };
const wire: TokenResponse = { access_token: 'a', expires_in: 300 };
const input: TokenSetInput = {
  accessToken: 'a',
  expiresIn: '300',
  refreshToken: undefined,
  refreshExpiresAt: 1,
};
export const moments: TokenSetInput[] = [1, '1', new Date(), undefined].map((expiresAt) => ({
  ...{ accessToken: 'a', expiresAt },
}));
export const signedIn: Promise<void>[] = [auth.signIn(wire), auth.signIn(input), auth.signIn(tokens)];
// @ts-expect-error not a token response
auth.signIn('token');
export const access: Promise<string | undefined> = auth.getAccessToken({ minValidity: 1, signal: undefined });
export const fresh: Promise<TokenSet> = auth.refresh({ signal: AbortSignal.abort() });
export const out: Promise<void> = auth.signOut({ revoke: false });
// @ts-expect-error milliseconds
auth.getAccessToken({ minValidity: '1' });

// Each event has its own payload.
export const stop: () => void = auth.on('token-refreshed', ({ cause, durationMs }) => {
  const known: 'ahead' | 'expired' | 'rejected' | 'manual' | 'captured' = cause;
  return [known, durationMs];
});
// @ts-expect-error no such event
auth.on('token-expired', () => {});
// @ts-expect-error no token in any payload
auth.on('signed-in', ({ accessToken }) => accessToken);
auth.on('*', (event, payload) => {
  if (event === 'step-up-required') return payload.challenge.parameters['scope'];
  // @ts-expect-error the payload follows the event
  return payload.challenge;
});
auth.on('*', (event) => event === 'signed-out');
// @ts-expect-error no such event
auth.on('*', (event) => event === 'token-expired');
auth.on('signed-out', ({ reason, elsewhere }) => {
  const known: 'local' | 'ended' | 'replaced' = reason;
  return [known, elsewhere satisfies boolean];
});
auth.on('store-failed', ({ operation }) => operation satisfies 'read' | 'write');
// @ts-expect-error the name of before
auth.on('storage-failed', () => {});
export const reason: TokenEvents['signed-out']['reason'] = 'replaced';
auth.subscribe(() => {})();

// Errors.
const error = new TokenError('refresh-failed', { cause: 1, retryAt: Date.now() });
export const code: TokenErrorCode = error.code;
export const found: TokenError | undefined = asTokenError(error, 'session-ended');
// @ts-expect-error no such code
new TokenError('expired');
// @ts-expect-error no such code
asTokenError(error, 'expired');

// The user's own parts.
export const rule: AllowRule = (url) => url.hostname === 'api.example.com';
export const attach: Attach = {
  tokenTypes: ['dpop'],
  headers: async ({ method, url, tokens: { accessToken } }) => ({
    Authorization: accessToken,
    Proof: method + url,
  }),
  onResponse: (response) => (response.status === 401 ? 'retry' : undefined),
};
export const capture: CaptureRule = { url: rule, method: ['POST'], read: (response) => response.json() };
export const revoke: Revoke = async ({ tokens: held, fetch }) =>
  fetch(allow, { body: held?.refreshToken ?? null });
export const queue: Lock = async (task, { signal }) => {
  signal.throwIfAborted();
  return task();
};
// @ts-expect-error one of form, json and cookie
refreshEndpoint({ url: allow, format: 'xml' });
// @ts-expect-error the endpoint's URL is required
refreshEndpoint({});
