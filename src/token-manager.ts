/** Wires the parts together: the one place where the whole can be read. */
import { advise } from './advice.ts';
import type { TokenManager, TokenManagerOptions } from './api.ts';
import { checkMembers } from './check.ts';
import { asTokenError, TokenError } from './errors.ts';
import { aDuration, aText, readOptions } from './options.ts';
import { ownMembers } from './own.ts';
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
import { createSessions, type Session, type Sessions } from './session/session.ts';
import { readTokenResponse } from './session/token-response.ts';
import { summaryOf } from './summary.ts';
import type { TokenSet } from './types.ts';

const aMark = 'no new token: this one was refused directly after its issue';

/** What is asked of a manager beside its methods. */
interface Asked {
  readonly sessions: Sessions;
  status(): TokenManager['status'];
  find(): Promise<void>;
  flush(): void;
}

function dispose(this: TokenManager): void {
  this.close();
}

/**
 * What is read of a manager, beside its methods: not enumerable, so that whoever logs or serialises one shows no token,
 * and inherited, because in V8 an object with accessors of its own takes half a kilobyte more.
 */
class Manager implements Pick<TokenManager, 'tokens' | 'sessionId' | 'status' | 'ready'> {
  declare readonly [inside]: () => Asked;

  constructor(parts: Asked) {
    Object.defineProperties(this, {
      // A function: no tool looks into it, and no framework wraps it in a proxy.
      [inside]: { value: () => parts },
      ...(Symbol.dispose && { [Symbol.dispose]: { value: dispose } }),
    });
  }

  get tokens() {
    return this[inside]().sessions.current.state.held?.tokens;
  }

  get sessionId() {
    const { held, id } = this[inside]().sessions.current.state;
    return held && id;
  }

  get status() {
    return this[inside]().status();
  }

  get ready() {
    const { find, flush } = this[inside]();
    return find().then(flush, flush);
  }
}

function create(options: TokenManagerOptions): TokenManager {
  const settings = readOptions(options);
  const { refresh, revoke, refreshTimeout, attach, places, isRejected, keepFresh } = settings;
  const events = createEvents();
  const { add, flush, on } = events;
  const sessions = createSessions(events);
  /** The tokens that were seen last: no text that is told holds one of them. */
  let secrets: (string | undefined)[] = [];
  const summarize = (thrown: unknown, instead?: string) => summaryOf(thrown, secrets, instead);
  const coolDown = createCoolDown();
  /** How often the fetch underneath stands in itself now; it may well use ours for something else. */
  let depth = 0;
  const parts = {
    refresh,
    refreshTimeout,
    revoke,
    attach,
    places,
    isRejected,
    keepFresh,
    add,
    flush,
    on,
    sessions,
    sharing: createUnshared(sessions),
    captures: undefined as Captures | undefined,
    coolDown,
    mark: {},
    summarize,
    report: (thrown: unknown): void => void report(parts.summarize(thrown)),
    notAttached: createNotAttached(events, summarize),

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
      try {
        const given = readTokenResponse(answer, attach.tokenTypes, previous);
        const { accessToken, refreshToken, idToken } = given;
        // The same ones come again with each read of a store.
        secrets = [...new Set([accessToken, refreshToken, idToken, ...secrets])].slice(0, 30);
        return hold(given, issuedAt, settings, previous);
      } catch (error) {
        // A member that cannot be read, or is no value.
        throw error instanceof TokenError ? error : new TokenError('invalid-token-response');
      }
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
      if (sharing.isOpening?.()) await abortable(sharing.settle?.(), signal, sessions.closed);
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
      const isKnown = (state.end || parts.sharing.isRead()) && (isTried || !refresh.withoutRefreshToken);
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

  // The compiler does not count `[Symbol.dispose]`, which not every platform has.
  return Object.assign(new Manager(parts), {
    fetch: createAuthFetch(parts),
    async getAccessToken(options) {
      const { minValidity, signal } = ownMembers(options);
      checkMembers('getAccessToken', { minValidity }, { minValidity: aDuration });
      const session = await parts.settled(signal);
      const good = await parts.obtain(session, minValidity, signal).catch((error) => {
        // Nobody is signed in: this very call has found it out.
        if (!asTokenError(error, 'session-ended')) throw error;
        return undefined;
      });
      return good?.tokens.accessToken;
    },
    async refresh(options) {
      const { signal, rejected } = ownMembers(options);
      checkMembers('refresh', { rejected }, { rejected: aText });
      // Somebody may have signed in elsewhere.
      if (!sessions.current.state.held) sharing.wake?.();
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
      const look = () => sessions.current.state.held ?? parts.status();
      let seen: unknown = look();
      const tell = () => {
        if (seen === look()) return undefined;
        seen = look();
        return listener();
      };
      // What is no function is refused there.
      return events.on('', typeof listener === 'function' ? tell : listener);
    },
    close() {
      sessions.close();
      endKeepFresh();
      events.close();
      sharing.close?.();
    },
  } satisfies Partial<TokenManager>) as object as TokenManager;
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
