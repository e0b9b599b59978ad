/** evertoken/oidc: signs users in at an OpenID Connect or OAuth 2.1 server. */
export { createOidcClient, type OidcClient } from './oidc-client.ts';
export { OidcError, type OidcErrorCode } from './oidc-error.ts';
export type {
  DevicePrompt,
  OidcClientOptions,
  ServerMetadata,
  SignInDeviceOptions,
  SignInLoopbackOptions,
  SignInOptions,
  SignInResult,
  SignOutOptions,
} from './options.ts';
