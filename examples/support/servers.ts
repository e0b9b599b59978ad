/** What stands in for your servers: the demo's authorization server and API on loopback, access tokens that live 2 s. */
import type { TokenResponse } from 'evertoken';
import { startApi } from '../demo/api.ts';
import { startAuthorizationServer } from '../demo/authorization-server.ts';
import { signIn, walkThroughPages } from '../demo/sign-in.ts';

export interface Servers {
  /** The API's origin. */
  readonly api: string;
  readonly tokenEndpoint: string;
  /** The authorization server, and the public client it knows. */
  readonly issuer: string;
  readonly clientId: string;
  readonly redirectUri: string;
  /** Credentials for the client credentials grant. */
  readonly service: { readonly clientId: string; readonly clientSecret: string };
  /** A user signs in at the login page; gives the token endpoint's answer as it is. */
  login(user?: string): Promise<TokenResponse>;
  /** A user at the login page: from its URL to the one the server sends them back to. */
  walk(page: string): Promise<URL>;
  stop(): Promise<void>;
}

export async function startServers(): Promise<Servers> {
  const server = await startAuthorizationServer();
  const api = await startApi(server);
  return {
    api: api.url,
    tokenEndpoint: server.tokenEndpoint,
    issuer: server.issuer,
    clientId: server.clientId,
    redirectUri: server.redirectUri,
    service: server.service,
    login: (user) => signIn(server, user),
    walk: (page) => walkThroughPages(new URL(page), server.redirectUri),
    async stop() {
      await Promise.all([api.close(), server.close()]);
    },
  };
}
