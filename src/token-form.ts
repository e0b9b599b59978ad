/** What a client sends to an authorization server: a form, and who it is (RFC 6749 §2.3.1, §6). */

/** The client; the options of both endpoints have these members. */
export interface Client {
  clientId?: string | undefined;
  clientSecret?: string | undefined;
  clientAuth?: 'none' | 'client_secret_basic' | 'client_secret_post' | undefined;
}

/** And what it asks for; the options of `refreshEndpoint` have these members. */
export interface TokenRequest extends Client {
  scope?: string | undefined;
  resource?: string | string[] | undefined;
  parameters?: Record<string, string> | undefined;
}

const authOf = ({ clientSecret, clientAuth }: Client) =>
  clientAuth ?? (clientSecret ? 'client_secret_basic' : 'none');

/** The header `Authorization`, if that names the client. Form encoding of each half, as RFC 6749 §2.3.1 asks, before base64. */
export function basicOf(client: Client): string | undefined {
  const { clientId = '', clientSecret = '' } = client;
  const encode = (value: string) => `${new URLSearchParams({ '': value })}`.slice(1);
  return authOf(client) === 'client_secret_basic'
    ? `Basic ${btoa(`${encode(clientId)}:${encode(clientSecret)}`)}`
    : undefined;
}

/** A form with these members, and the client unless the header names it. */
export function formOf(client: Client, members: Record<string, string>): URLSearchParams {
  const { clientId, clientSecret } = client;
  const auth = authOf(client);
  const form = new URLSearchParams(members);
  if (clientId && auth !== 'client_secret_basic') form.set('client_id', clientId);
  if (clientSecret && auth === 'client_secret_post') form.set('client_secret', clientSecret);
  return form;
}

/** RFC 6749 §6. */
export function grantOf(request: TokenRequest, refreshToken: string): URLSearchParams {
  const { scope, resource, parameters } = request;
  const form = formOf(request, { grant_type: 'refresh_token', refresh_token: refreshToken });
  if (scope) form.set('scope', scope);
  for (const uri of [resource ?? []].flat()) form.append('resource', uri);
  for (const [name, value] of Object.entries(parameters ?? {})) form.set(name, value);
  return form;
}
