/** Lines that must compile, and lines that must not. */

import type {
  AllowRule,
  Attach,
  CaptureRule,
  Lock,
  Refresh,
  Revoke,
  TokenErrorCode,
  TokenEvents,
  TokenManager,
  TokenManagerOptions,
  TokenResponse,
  TokenSet,
  TokenSetInput,
  TokenStorage,
} from 'evertoken';
import {
  asTokenError,
  bearer,
  createTokenManager,
  memoryStorage,
  refreshEndpoint,
  TokenError,
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
  storage: undefined,
  name: undefined,
  refreshAhead: undefined,
  leeway: undefined,
  keepFresh: undefined,
  refreshTimeout: undefined,
  attach: undefined,
  isRejected: undefined,
  capture: undefined,
  revoke: undefined,
  lock: undefined,
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

// Storages: the page's own fit as they are, and so does anything with promises.
export const storages: TokenStorage[] = [localStorage, sessionStorage, memoryStorage()];
export const slow: TokenStorage = {
  getItem: async () => null,
  setItem: async () => {},
  removeItem: async () => {},
};
// @ts-expect-error three methods
export const half: TokenStorage = { getItem: () => null };

// `fetch` fits wherever the platform's fits, and the other way round.
export const plain: typeof globalThis.fetch = auth.fetch;
createTokenManager({ refresh, allow, fetch: globalThis.fetch });
createTokenManager({ refresh, allow, fetch: async (_input, init) => new Response(init?.method) });

// The manager and its tokens are read, not written.
// @ts-expect-error read-only
auth.tokens = undefined;
export const tokens: TokenSet = { accessToken: 'a', tokenType: 'Bearer' };
// @ts-expect-error read-only
tokens.accessToken = 'b';
// @ts-expect-error `tokens` may be missing
auth.tokens.accessToken;

// What a login answered, on the wire or in camelCase.
const wire: TokenResponse = { access_token: 'a', expires_in: 300, whatever: true };
const input: TokenSetInput = { accessToken: 'a', expiresIn: '300', refreshToken: undefined };
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
  const known: 'ahead' | 'expired' | 'rejected' | 'manual' | 'captured' | 'other-context' = cause;
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
export const queue: Lock = async (_name, task, { signal }) => {
  signal.throwIfAborted();
  return task();
};
// @ts-expect-error one of form, json and cookie
refreshEndpoint({ url: allow, format: 'xml' });
// @ts-expect-error the endpoint's URL is required
refreshEndpoint({});
