/** The store of a session that an HttpOnly cookie holds: keeps no token, and joins the contexts of its name. */
import { checkMembers, refuse } from '../check.ts';
import type { TokenStore } from '../types.ts';
import { type Cookie, type Leasing, whileAlone } from './lease.ts';
import { createShared, shareSession } from './shared-session.ts';
import type { Joined } from './token-store.ts';
import { openWeb } from './web-store.ts';

/** A page that was left takes its lease with it: twice as long as the last refresh took. */
const cookie: Cookie = {
  graceOf: ({ state: { refreshMs = 0 } }) => Math.min(Math.max(refreshMs * 2, 500), 3_000),
};

/** What another context asks of the cookie just now comes first, or it would outlive the sign-out; 5 s at most. */
async function afterAll(shared: Leasing, task: () => Promise<unknown>): Promise<unknown> {
  let done: Promise<unknown> | undefined;
  const once = () => {
    done ??= task();
    return done;
  };
  await whileAlone(shared, () => true, once, 5_000).catch(once);
  return once();
}

/**
 * Joins the pages and workers of an origin whose session an HttpOnly cookie holds: the server is asked by one at a time,
 * and a sign-in or sign-out is heard by all. No token is kept. Outside a page or worker it joins nobody.
 *
 * @param name - Of the session; two apps on one origin need two names.
 * @throws TypeError for a missing name.
 *
 * @example
 * import { cookieStore, createTokenManager, refreshEndpoint } from 'evertoken';
 *
 * const auth = createTokenManager({
 *   refresh: refreshEndpoint({ url: '/api/session/refresh', format: 'cookie' }),
 *   allow: location.origin,
 *   store: cookieStore('shop'),
 * });
 */
export function cookieStore(name: string): TokenStore {
  checkMembers('cookieStore', { name }, { name: 'string' });
  return {
    isCookie: true,
    join(manager) {
      if (!manager.refresh.withoutRefreshToken)
        refuse(
          'options.refresh',
          manager.refresh,
          'one marked withoutRefreshToken: cookieStore keeps no token',
        );
      const port = openWeb(`${name} cookie`);
      if (!port) return undefined;
      const shared = createShared(port, manager, cookie);
      const sharing = shareSession(shared);
      sharing.afterAll = (task) => afterAll(shared, task);
      return sharing;
    },
  } satisfies Joined as TokenStore;
}
