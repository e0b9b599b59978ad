/** The store of a session that an HttpOnly cookie holds: keeps no token, and joins the contexts of its name. */
import { checkMembers, refuse } from '../check.ts';
import { named } from '../development.ts';
import { ownMembers } from '../own.ts';
import { refresh, restore } from '../session/changes.ts';
import { areOthers, subjectsOf } from '../session/expiry.ts';
import type { SessionState, Sessions } from '../session/session.ts';
import type { TokenStore } from '../types.ts';
import type { Written } from './entry.ts';
import { type Cookie, whileAlone } from './lease.ts';
import { type Manager, SharedSession } from './shared-session.ts';
import type { Conversion } from './terms.ts';
import type { Joined } from './token-store.ts';
import { isRevokedSince } from './wanted.ts';
import { openWeb } from './web-store.ts';

/** A page that was left takes its lease with it: twice as long as the last refresh took, the longest where there was none. */
const cookie: Cookie = {
  graceOf: ({ state: { refreshMs = 3_000 } }) => Math.min(Math.max(refreshMs * 2, 500), 3_000),
  // What another context asks of the cookie just now comes first, or it would outlive the sign-out.
  afterAll: (shared, task) => whileAlone(shared, () => true, task, 5_000).catch(task),
  restore:
    (was, held, ...how) =>
    (now) => {
      const isOther = areOthers(now.subjects ?? [], subjectsOf(held.tokens));
      // The first time here it is the session that the other contexts know.
      const isFirst = now.id && !now.end && !was.end && !now.held && !isOther;
      return (isFirst ? refresh : restore)(was, held, ...how)(now);
    },
};

/** Tokens are each context's own; whom they speak of is known to all, also where nothing sealed can be read. */
const withoutTokens: Conversion = {
  read: (entry) => entry,
  write: (next) => {
    const { state: given, ...entry } = JSON.parse(next.value);
    const state = ownMembers<SessionState>(given);
    const subjects = state.held ? subjectsOf(state.held.tokens) : state.subjects;
    const value = JSON.stringify({ ...entry, state: { ...state, held: undefined, subjects } });
    const written: Written = { ...next, value, isPlain: true };
    return written;
  },
};

/** Where another context has signed in or out, only the server knows what the cookie holds now. */
function asking(manager: Manager, isRead: () => boolean): Sessions {
  const { sessions } = manager;
  return {
    get current() {
      return sessions.current;
    },
    closed: sessions.closed,
    close: () => sessions.close(),
    apply(next, how) {
      const was = sessions.current;
      const { isTried } = was;
      const { id, end } = was.state;
      const mayTry = !!how?.elsewhere && isRead();
      sessions.apply(next, how);
      if (!mayTry) return;
      const { current } = sessions;
      const { state } = current;
      const isSame = id === state.id;
      // What another context began is still to come, and the cookie may hold it; what it revoked is gone.
      current.isTried = isRevokedSince(state, end) || (isSame && current === was && isTried);
      // What is on the wire may be the new one's.
      if (!state.end) current.isRevoked = false;
      // The entry is taken over first.
      if (!(current === was && isSame) && !state.held)
        queueMicrotask(() => void manager.find().catch(() => {}));
    },
  };
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
  const store: Joined = {
    isCookie: true,
    join(manager) {
      if (!manager.withoutRefreshToken)
        refuse(
          'options.refresh',
          manager.refresh,
          'one marked withoutRefreshToken: cookieStore keeps no token',
        );
      const port = openWeb(`${name} cookie`);
      if (!port) return undefined;
      // One that is gone was cleared together with the cookie.
      const isRead = () => shared.known.kind === 'session';
      const { refresh, withoutRefreshToken, refreshTimeout } = manager;
      const own: Manager = {
        ...{
          refresh,
          withoutRefreshToken,
          refreshTimeout,
          sessions: asking(manager, isRead),
          accept: () => undefined as never,
        },
        summarize: (thrown) => manager.summarize(thrown),
        add: (...args) => manager.add(...args),
        flush: () => manager.flush(),
        find: () => manager.find(),
      };
      const shared = new SharedSession(port, own, withoutTokens, cookie);
      return shared;
    },
  };
  return __DEVELOPMENT__ ? named(store, `cookie ${name}`) : store;
}
