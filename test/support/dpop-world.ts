/** A real authorization server and an API that both demand DPoP with nonces, and clients of theirs. */
import {
  createTokenManager,
  type Fetch,
  refreshEndpoint,
  type TokenManager,
  type TokenManagerOptions,
} from 'evertoken';
import { type Dpop, dpop } from 'evertoken/dpop';
import { startAuthorizationServer } from '../../examples/demo/authorization-server.ts';
import { signIn } from '../../examples/demo/sign-in.ts';
import { type DpopApiOptions, startDpopApi } from './dpop-api.ts';

/** To be held with `await using`, which ends the servers and all managers. */
export async function startDpopWorld(
  accessTokenLifetime = 120,
  api: Pick<DpopApiOptions, 'exposed' | 'nonceLifetime'> = {},
) {
  const server = await startAuthorizationServer({ accessTokenLifetime, dpop: true });
  const resource = await startDpopApi({ ...server, ...api });
  const managers: TokenManager[] = [];
  return {
    server,
    api: resource,
    /** The code is exchanged with a proof. */
    login: (proofs: Pick<Dpop, 'wrap'>, user?: string) => signIn(server, user, proofs.wrap(fetch)),
    manager(proofs: Dpop = dpop('shop'), own: Partial<TokenManagerOptions> = {}) {
      const auth = createTokenManager({
        refresh: proofs.refresh(refreshEndpoint({ url: server.tokenEndpoint, clientId: server.clientId })),
        allow: resource.url,
        attach: proofs,
        ...own,
      });
      proofs.follow(auth);
      managers.push(auth);
      return { auth, proofs };
    },
    /** Presents a refresh token as the client, without any manager. */
    present: async (refreshToken: string, send: Fetch = fetch) => {
      const body = new URLSearchParams({
        grant_type: 'refresh_token',
        client_id: server.clientId,
        refresh_token: refreshToken,
      });
      const response = await send(server.tokenEndpoint, { method: 'POST', body });
      return { status: response.status, ...((await response.json()) as { error?: string }) };
    },
    async [Symbol.asyncDispose]() {
      for (const manager of managers) manager.close();
      await Promise.all([resource.close(), server.close()]);
    },
  };
}
