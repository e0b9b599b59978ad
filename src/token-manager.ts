/** Wires the parts together: the one place where the whole can be read. */
import { createAuthFetch } from './auth-fetch.ts';
import { createCapture } from './capture.ts';
import { checkMembers } from './check.ts';
import type { Accept } from './contracts.ts';
import { TokenError } from './errors.ts';
import { createEvents, report } from './events.ts';
import { hold } from './expiry.ts';
import { defaultLock } from './lock.ts';
import { aDuration, readOptions } from './options.ts';
import { createRefresher } from './refresher.ts';
import { createScheduler } from './scheduler.ts';
import { createSessions } from './session.ts';
import { createRecordStore } from './storage.ts';
import { abortable, within } from './timers.ts';
import { readTokenResponse } from './token-response.ts';
import type { Lock, TokenManager, TokenManagerOptions, TokenSet } from './types.ts';

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
  const settings = readOptions(options);
  const { refresh, revoke, refreshTimeout, storage, name, attach } = settings;
  const events = createEvents();
  const { add, flush } = events;
  const fetch: typeof globalThis.fetch = (input, init) => (settings.fetch ?? globalThis.fetch)(input, init);

  const accept: Accept = (answer, issuedAt, previous) =>
    hold(readTokenResponse(answer, attach.tokenTypes, previous), issuedAt, settings, previous);
  const store =
    storage && createRecordStore(storage, name, accept, (failure) => add('storage-failed', failure));
  const sessions = createSessions(store, events);
  const capture = settings.capture && createCapture(settings.capture, { sessions, accept, flush });

  /** Bounded, and told to nobody but the reporter: the session is over here whatever the server says. */
  const revokeTokens = (tokens: TokenSet | undefined) =>
    within('the revocation', refreshTimeout, (signal) => revoke?.({ tokens, signal, fetch })).catch(report);

  const lock: Lock = settings.lock ?? (store ? defaultLock : (_name, task) => task());
  const parts = { ...settings, fetch, sessions, events, capture, accept, lock, revokeTokens };
  const refresher = createRefresher(parts);
  /** Requests wait for what is stored, where anything is. */
  const read = (cause: 'restored' | 'other-context') => {
    const run = sessions.sync(cause).then(flush);
    return store ? sessions.gate(run) : run;
  };
  const scheduler = createScheduler({ ...parts, refresher, reread: () => read('other-context') });
  events.on('*', (_event: string, payload: { retryAt?: number }) => scheduler.plan(payload.retryAt));

  const close = () => {
    sessions.close();
    scheduler.close();
    events.close();
  };

  const methods: Omit<TokenManager, 'tokens' | 'sessionId' | typeof Symbol.dispose> = {
    fetch: createAuthFetch({ ...parts, refresher }),
    ready: read('restored'),
    async getAccessToken({ minValidity, signal } = {}) {
      checkMembers('getAccessToken', { minValidity }, { minValidity: aDuration });
      const session = await sessions.settled(signal);
      const held = await abortable(refresher.obtain(session, minValidity), signal, session.signal);
      return held?.tokens.accessToken;
    },
    async refresh({ signal } = {}) {
      const session = await sessions.settled(signal);
      if (!session.held && !refresh.withoutRefreshToken) throw new TokenError('session-ended');
      await abortable(refresher.run(session, 'manual'), signal);
      return session.held?.tokens as TokenSet;
    },
    async signIn(tokens) {
      sessions.closed.throwIfAborted();
      const opened = sessions.open(() => true, accept(tokens, Date.now()), 'local');
      await abortable(opened.then(flush), sessions.closed);
    },
    async signOut({ revoke: isWanted = true } = {}) {
      sessions.closed.throwIfAborted();
      const session = sessions.opening ? await sessions.settled(undefined) : sessions.current;
      const ended = sessions.end('local').then(flush);
      if (revoke && isWanted && (session.held || refresh.withoutRefreshToken)) {
        session.isRevoked = true;
        await abortable(revokeTokens(session.held?.tokens), sessions.closed);
      }
      await abortable(ended, sessions.closed);
    },
    on: events.on as TokenManager['on'],
    subscribe(listener) {
      let seen = sessions.current.held;
      return events.on('*', () => {
        if (seen === sessions.current.held) return undefined;
        seen = sessions.current.held;
        return listener();
      });
    },
    close,
  };

  // Not enumerable: whoever logs or serialises the manager shows no token.
  return Object.defineProperties(methods as TokenManager, {
    tokens: { get: () => sessions.current.held?.tokens },
    sessionId: { get: () => sessions.current.id },
    ...(Symbol.dispose && { [Symbol.dispose]: { value: close } }),
  });
}
