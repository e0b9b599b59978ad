/** What a client sends to a token endpoint: the form of a grant, and who it is (RFC 6749 §2.3.1, §6). */

/** The client, and what it asks for; the options of `refreshEndpoint` have these members. */
export interface TokenRequest {
  clientId?: string | undefined;
  clientSecret?: string | undefined;
  scope?: string | undefined;
  resource?: string | string[] | undefined;
  parameters?: Record<string, string> | undefined;
}

/** Form encoding of each half, as RFC 6749 §2.3.1 asks, before base64. */
export function basic({ clientId = '', clientSecret = '' }: TokenRequest): string {
  const encode = (value: string) => `${new URLSearchParams({ '': value })}`.slice(1);
  return `Basic ${btoa(`${encode(clientId)}:${encode(clientSecret)}`)}`;
}

/** RFC 6749 §6. */
export function formOf(
  options: TokenRequest,
  refreshToken: string | undefined,
  auth: string,
): URLSearchParams {
  const { clientId, clientSecret, scope, resource, parameters } = options;
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: `${refreshToken}`,
  });
  if (clientId && auth !== 'client_secret_basic') form.set('client_id', clientId);
  if (clientSecret && auth === 'client_secret_post') form.set('client_secret', clientSecret);
  if (scope) form.set('scope', scope);
  for (const uri of [resource ?? []].flat()) form.append('resource', uri);
  for (const name in parameters) form.set(name, `${parameters[name]}`);
  return form;
}
