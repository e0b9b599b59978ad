/** What the server says of itself (OpenID Connect Discovery 1.0 §3, RFC 8414 §2). */
import type { ServerOptions } from './server-options.ts';

/** Where it says so. */
export const metadataUrl = (issuer: string): string => `${issuer}/.well-known/openid-configuration`;

export const metadataOf = ({ issuer, endpoints }: Pick<ServerOptions, 'issuer' | 'endpoints'>) => ({
  issuer,
  authorization_endpoint: endpoints.authorization,
  token_endpoint: endpoints.token,
  revocation_endpoint: endpoints.revocation,
  jwks_uri: endpoints.jwks,
  end_session_endpoint: endpoints.endSession,
  authorization_response_iss_parameter_supported: true,
  code_challenge_methods_supported: ['S256'],
  grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
  id_token_signing_alg_values_supported: ['ES256'],
  response_modes_supported: ['query'],
  response_types_supported: ['code'],
  scopes_supported: ['openid', 'offline_access'],
  subject_types_supported: ['public'],
  token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post'],
});
