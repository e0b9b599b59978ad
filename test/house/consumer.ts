/** A user's first ten lines; compiled against the packed package only. */

import type { TokenManager, TokenSet } from 'evertoken';
import {
  asTokenError,
  bearer,
  createTokenManager,
  memoryStorage,
  refreshEndpoint,
  TokenError,
} from 'evertoken';

const refresh = refreshEndpoint({ url: 'https://login.example.com/token', clientId: 'app' });
const allow = ['https://api.example.com', new URL('https://files.example.com/v1')];
const auth: TokenManager = createTokenManager({ refresh, allow, storage: memoryStorage(), attach: bearer() });
const stop: () => void = auth.on('signed-out', ({ reason, error }) => console.log(reason, error?.code));
const tokens: TokenSet | undefined = auth.tokens;
const found: TokenError | undefined = asTokenError(new TokenError('closed'), 'closed');
export const me: Promise<Response> = auth.fetch('https://api.example.com/me', { method: 'GET' });
export const state = [stop, tokens?.expiresAt, found?.retryAt];
