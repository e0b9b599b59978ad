/** Wires the parts together: what a manager answers and does. */
import { advise } from './advice.ts';
import type { TokenManager, TokenManagerOptions } from './api.ts';
import { checkMembers } from './check.ts';
import { Core } from './core.ts';
import { asTokenError, TokenError } from './errors.ts';
import { aDuration, aText, readOptions } from './options.ts';
import { ownMembers } from './own.ts';
import { authFetch } from './request/auth-fetch.ts';
import { inside } from './request/inside.ts';
import { beginSession, endSession } from './session/calls.ts';
import { keepSessionFresh } from './session/keep-fresh.ts';

const aMark = 'no new token: this one was refused directly after its issue';

function dispose(this: TokenManager): void {
  this.close();
}

/**
 * What is read of a manager, beside its methods: not enumerable, so that whoever logs or serialises one shows no token,
 * and inherited, because in V8 an object with accessors of its own takes half a kilobyte more.
 */
class Manager implements Pick<TokenManager, 'tokens' | 'sessionId' | 'status' | 'ready'> {
  declare readonly [inside]: () => Core;

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
    return this[inside]()
      .find()
      .catch(() => {});
  }
}

function create(options: TokenManagerOptions): TokenManager {
  const core = new Core(readOptions(options));
  const endKeepFresh = keepSessionFresh(core);

  const manager = Object.assign(new Manager(), {
    fetch: (input, init) => authFetch(core, input, init),
    signIn: (tokens) => beginSession(core, tokens),
    signOut: (options) => endSession(core, options),
    async getAccessToken(options) {
      const { minValidity, signal } = ownMembers(options);
      checkMembers('getAccessToken', { minValidity }, { minValidity: aDuration });
      const session = await core.settled(signal);
      const good = await core.obtain(session, minValidity, signal).catch((error) => {
        // Nobody is signed in: this very call has found it out.
        if (!asTokenError(error, 'session-ended')) throw error;
        return undefined;
      });
      return good?.tokens.accessToken;
    },
    async refresh(options) {
      const { sessions, sharing, withoutRefreshToken, coolDown } = core;
      const { signal, rejected } = ownMembers(options);
      checkMembers('refresh', { rejected }, { rejected: aText });
      // Somebody may have signed in elsewhere.
      if (!sessions.current.state.held) sharing.wake();
      const session = await core.settled(signal);
      if (!session.state.held && !withoutRefreshToken) throw new TokenError('session-ended');
      const now = session.state.held?.tokens.accessToken;
      const retryAt = coolDown.until(rejected);
      if (retryAt && rejected === now) throw new TokenError('refresh-failed', { retryAt, message: aMark });
      if (rejected && now && rejected !== now) await core.obtain(session, undefined, signal);
      else await core.renew(session, rejected ? 'rejected' : 'manual', signal);
      if (session.state.held) return session.state.held.tokens;
      // Signed out meanwhile.
      throw new TokenError('session-changed');
    },
    on: core.on.bind(core),
    subscribe(listener) {
      // Two statuses can follow each other without tokens.
      const look = () => core.sessions.current.state.held ?? core.status();
      let seen: unknown = look();
      const tell = () => {
        if (seen === look()) return undefined;
        seen = look();
        return listener();
      };
      // What is no function is refused there.
      return core.on('', typeof listener === 'function' ? tell : listener);
    },
    close() {
      core.sessions.close();
      endKeepFresh?.();
      core.end();
      core.sharing.close();
    },
  } satisfies Partial<TokenManager>);
  // The compiler does not count what follows; not every platform has `Symbol.dispose`.
  return Object.defineProperties(manager, {
    // A function: no tool looks into it, and no framework wraps it in a proxy.
    [inside]: { value: () => core },
    ...(Symbol.dispose && { [Symbol.dispose]: { value: dispose } }),
  }) as object as TokenManager;
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
