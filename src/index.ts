/** evertoken: one object that owns an app's tokens, and one fetch that always carries a good one. */
export type {
  AnyListener,
  Challenge,
  RefreshCause,
  TokenEvents,
  TokenManager,
  TokenManagerOptions,
} from './api.ts';
export { claimsOf } from './claims.ts';
export type { HeadersInput } from './endpoint.ts';
export { asTokenError, TokenError, type TokenErrorCode } from './errors.ts';
export { type RefreshEndpointOptions, refreshEndpoint } from './refresh-endpoint.ts';
export { bearer } from './request/bearer.ts';
export { type Explanation, explain } from './request/explain.ts';
export { type RevokeEndpointOptions, revokeEndpoint } from './revoke-endpoint.ts';
export { cookieStore } from './store/cookie-store.ts';
export { type KeyValueStorage, keyValueStore } from './store/key-value-store.ts';
export { memoryStore } from './store/memory-store.ts';
export { tokenStore } from './store/token-store.ts';
export { webStore } from './store/web-store.ts';
export { createTokenManager } from './token-manager.ts';
export type {
  AllowedPlace,
  AllowRule,
  Attach,
  AttachRequest,
  CaptureRule,
  EncryptionKey,
  Fetch,
  IdTokenClaims,
  Lock,
  Refresh,
  Revoke,
  StoreEntry,
  StorePort,
  TokenResponse,
  TokenSet,
  TokenSetInput,
  TokenStore,
  UrlRule,
} from './types.ts';
