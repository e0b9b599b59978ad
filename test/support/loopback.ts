/** The demo's authorization server and API on loopback, and what their client was told: a real network in real time. */
import {
  createTokenManager,
  refreshEndpoint,
  type TokenEvents,
  type TokenManager,
  type TokenManagerOptions,
} from 'evertoken';
import { type ApiRequest, startApi } from '../../examples/demo/api.ts';
import {
  type AuthorizationServerOptions,
  startAuthorizationServer,
} from '../../examples/demo/authorization-server.ts';
import { signIn } from '../../examples/demo/sign-in.ts';

/**
 * Starts both servers; to be held with `await using`, which ends them and all managers. Access tokens outlive the test
 * unless it says otherwise: on a busy machine a short one might be refreshed for its age where nobody expects it.
 */
export async function startLoopback(options: AuthorizationServerOptions = {}) {
  const server = await startAuthorizationServer({ accessTokenLifetime: 120, ...options });
  const seen: ApiRequest[] = [];
  const api = await startApi({ ...server, onRequest: (request) => seen.push(request) });
  const managers: TokenManager[] = [];
  return {
    server,
    api,
    /** Requests that the API has judged, in order. */
    seen,
    login: () => signIn(server),
    manager(own: Partial<TokenManagerOptions> = {}): TokenManager {
      const manager = createTokenManager({
        refresh: refreshEndpoint({ url: server.tokenEndpoint, clientId: server.clientId }),
        allow: api.url,
        ...own,
      });
      managers.push(manager);
      return manager;
    },
    /** The API refuses from now on what this manager holds. */
    denyTokenOf({ tokens }: TokenManager): void {
      if (tokens) api.deny(tokens.accessToken);
    },
    /** Sends a form as the client, without any manager. */
    post: (url: string, form: Record<string, string>) =>
      fetch(url, { method: 'POST', body: new URLSearchParams({ client_id: server.clientId, ...form }) }),
    async [Symbol.asyncDispose]() {
      for (const manager of managers) manager.close();
      await Promise.all([api.close(), server.close()]);
    },
  };
}

/** What a manager tells from now on. */
export function record(auth: TokenManager) {
  const told = {
    begun: [] as TokenEvents['signed-in'][],
    refreshed: [] as TokenEvents['token-refreshed'][],
    failed: [] as TokenEvents['refresh-failed'][],
    over: [] as TokenEvents['signed-out'][],
  };
  auth.on('signed-in', (event) => told.begun.push(event));
  auth.on('token-refreshed', (event) => told.refreshed.push(event));
  auth.on('refresh-failed', (event) => told.failed.push(event));
  auth.on('signed-out', (event) => told.over.push(event));
  return told;
}

/** The next event of this name. */
export const once = <E extends keyof TokenEvents>(auth: TokenManager, event: E): Promise<TokenEvents[E]> =>
  new Promise((resolve) => {
    const stop = auth.on(event, (payload) => {
      stop();
      resolve(payload);
    });
  });

/** `count` requests at once: the status of each, or the code with which it failed. */
export async function statuses(auth: TokenManager, url: string, count: number): Promise<unknown[]> {
  const requests = Array.from({ length: count }, (_, number) => auth.fetch(`${url}/items/${number}`));
  const settled = await Promise.allSettled(requests);
  return settled.map((one) =>
    one.status === 'fulfilled' ? one.value.status : (one.reason as { code?: unknown }).code,
  );
}

export const times = <T>(count: number, value: T): T[] => Array<T>(count).fill(value);
