/** Wires the parts together: the one place where the whole can be read. */
import { advise } from './advice.ts';
import type { TokenManager, TokenManagerOptions } from './api.ts';
import { checkMembers } from './check.ts';
import { asTokenError, TokenError } from './errors.ts';
import { aDuration, aText, readOptions } from './options.ts';
import { abortable, heed, within } from './platform/timers.ts';
import { createAuthFetch } from './request/auth-fetch.ts';
import { refuseLoop } from './request/call.ts';
import { type Captures, createCaptures } from './request/capture.ts';
import { createCoolDown } from './request/cool-down.ts';
import { inside } from './request/inside.ts';
import { createNotAttached } from './request/not-attached.ts';
import { createCalls } from './session/calls.ts';
import { createUnshared, type Sharing } from './session/commit.ts';
import { createEvents, report } from './session/events.ts';
import { type Accept, hold } from './session/expiry.ts';
import { keepSessionFresh } from './session/keep-fresh.ts';
import { obtain, type Refresher, renew } from './session/refresher.ts';
import { createSessions, type Session } from './session/session.ts';
import { readTokenResponse } from './session/token-response.ts';
import { summaryOf } from './summary.ts';
import type { TokenSet } from './types.ts';

const aMark = 'no new token: this one was refused directly after its issue';

function create(options: TokenManagerOptions): TokenManager {
  const settings = readOptions(options);
  const { refresh, revoke, refreshTimeout, attach } = settings;
  const events = createEvents();
  const { flush } = events;
  const sessions = createSessions(events);
  const held = () => sessions.current.state.held;
  /** The tokens that were seen last: no text that is told holds one of them. */
  const secrets: (string | undefined)[] = [];
  const coolDown = createCoolDown();
  /** How often the fetch underneath stands in itself now; it may well use ours for something else. */
  let depth = 0;
  const parts = {
    ...settings,
    ...events,
    sessions,
    sharing: createUnshared(sessions),
    captures: undefined as Captures | undefined,
    coolDown,
    mark: {},
    summarize: (thrown: unknown) => summaryOf(thrown, secrets),
    report: (thrown: unknown): void => report(parts.summarize(thrown)),
    notAttached: createNotAttached(events),

    fetch: ((input, init) => {
      const underlying = settings.fetch ?? globalThis.fetch;
      if (depth > 9) refuseLoop();
      depth++;
      try {
        return underlying(input, init);
      } finally {
        depth--;
      }
    }) as typeof fetch,

    accept: ((answer, issuedAt, previous) => {
      const given = readTokenResponse(answer, attach.tokenTypes, previous);
      // The same ones come again with each read of a store.
      for (const secret of [given.accessToken, given.refreshToken, given.idToken])
        if (!secrets.includes(secret)) secrets.unshift(secret);
      secrets.splice(30);
      return hold(given, issuedAt, settings, previous);
    }) as Accept,

    /** Bounded, and told to nobody but the reporter: the session is over here whatever the server says. */
    revokeTokens: async (tokens: TokenSet | undefined) =>
      revoke &&
      within('the revocation', refreshTimeout, (signal) => {
        // The page may be left as soon as the user has signed out.
        const lasting: typeof fetch = (input, init) => parts.fetch(input, { keepalive: true, ...init });
        return revoke({ tokens, signal, fetch: lasting });
      }).catch(parts.report),

    /** The session that is there once it is known; what the store holds has to be read for that. */
    async settled(signal?: AbortSignal | null): Promise<Session> {
      heed(sessions.closed);
      heed(signal);
      const { sharing } = parts;
      if (sharing.isOpening) await abortable(sharing.settle?.(), signal, sessions.closed);
      return sessions.current;
    },

    /** Finds out who is signed in: reads the store, and asks the server of a cookie. */
    async find(): Promise<void> {
      const session = await parts.settled();
      if (!session.state.held) await parts.obtain(session);
    },

    status() {
      const { state, isTried } = sessions.current;
      if (state.held) return 'signed-in';
      const isKnown = (state.end || parts.sharing.isRead) && (isTried || !refresh.withoutRefreshToken);
      return isKnown ? 'signed-out' : 'unknown';
    },

    renew: ((...args) => renew(parts, ...args)) as Refresher['renew'],
    obtain: ((...args) => obtain(parts, ...args)) as Refresher['obtain'],
  };
  // Before anything starts: a rule may be none.
  parts.captures = settings.capture && createCaptures(settings.capture, parts);
  // What joins contexts comes with the store.
  const sharing = (settings.store?.join(parts as never) as Sharing | undefined) ?? parts.sharing;
  parts.sharing = sharing;
  const endKeepFresh = keepSessionFresh(parts);

  const close = () => {
    sessions.close();
    endKeepFresh();
    events.close();
    sharing.close?.();
  };

  const methods = {
    fetch: createAuthFetch(parts),
    async getAccessToken({ minValidity, signal } = {}) {
      checkMembers('getAccessToken', { minValidity }, { minValidity: aDuration });
      const session = await parts.settled(signal);
      const good = await parts.obtain(session, minValidity, signal).catch((error) => {
        // Nobody is signed in: this very call has found it out.
        if (!asTokenError(error, 'session-ended')) throw error;
        return undefined;
      });
      return good?.tokens.accessToken;
    },
    async refresh({ signal, rejected } = {}) {
      checkMembers('refresh', { rejected }, { rejected: aText });
      // Somebody may have signed in elsewhere.
      if (!held()) sharing.wake?.();
      const session = await parts.settled(signal);
      if (!session.state.held && !refresh.withoutRefreshToken) throw new TokenError('session-ended');
      const now = session.state.held?.tokens.accessToken;
      const retryAt = coolDown.until(rejected);
      if (retryAt && rejected === now) throw new TokenError('refresh-failed', { retryAt, message: aMark });
      if (rejected && now && rejected !== now) await parts.obtain(session, undefined, signal);
      else await parts.renew(session, rejected ? 'rejected' : 'manual', signal);
      if (session.state.held) return session.state.held.tokens;
      // Signed out meanwhile.
      throw new TokenError('session-changed');
    },
    ...createCalls(parts),
    on: events.on as TokenManager['on'],
    subscribe(listener) {
      // Two statuses can follow each other without tokens.
      const look = () => held() ?? parts.status();
      let seen: unknown = look();
      return events.on('', () => {
        if (seen === look()) return undefined;
        seen = look();
        return listener();
      });
    },
    close,
  } satisfies Partial<TokenManager>;

  // Not enumerable: whoever logs or serialises the manager shows no token. The methods become a manager here.
  return Object.defineProperties(methods as unknown as TokenManager, {
    tokens: { get: () => held()?.tokens },
    sessionId: { get: () => held() && sessions.current.state.id },
    status: { get: parts.status },
    ready: { get: () => parts.find().then(flush, flush) },
    [inside]: { value: parts },
    ...(Symbol.dispose && { [Symbol.dispose]: { value: () => methods.close() } }),
  });
}

/**
 * Creates the object that owns an app's tokens, and the `fetch` that always carries a good one.
 *
 * @throws TypeError that names the option, the kind of its value and what is allowed.
 *
 * @example
 * import { createTokenManager, refreshEndpoint } from 'evertoken';
 *
 * const auth = createTokenManager({
 *   refresh: refreshEndpoint({ url: 'https://as.example.com/token', clientId: 'spa' }),
 *   allow: 'https://api.example.com',
 * });
 *
 * await auth.signIn({ access_token: 'from your login', refresh_token: '...', expires_in: 300 });
 * const response = await auth.fetch('https://api.example.com/me');
 */
export function createTokenManager(options: TokenManagerOptions): TokenManager {
  return __DEVELOPMENT__ ? advise(create, options) : create(options);
}
