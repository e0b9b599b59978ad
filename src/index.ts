/** evertoken: one object that owns an app's tokens, and one fetch that always carries a good one. */
export { bearer } from './bearer.ts';
export { asTokenError, TokenError, type TokenErrorCode } from './errors.ts';
export { type RefreshEndpointOptions, refreshEndpoint } from './refresh-endpoint.ts';
export { memoryStorage } from './storage.ts';
export { createTokenManager } from './token-manager.ts';
export type {
  AllowRule,
  AnyListener,
  Attach,
  AttachRequest,
  CaptureRule,
  Challenge,
  Fetch,
  Lock,
  Refresh,
  RefreshCause,
  Revoke,
  TokenEvents,
  TokenManager,
  TokenManagerOptions,
  TokenResponse,
  TokenSet,
  TokenSetInput,
  TokenStorage,
} from './types.ts';
