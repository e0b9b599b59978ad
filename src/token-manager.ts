/** Wires the parts together: the one place where the whole can be read. */
import { createAuthFetch } from './auth-fetch.ts';
import { createCapture } from './capture.ts';
import { checkMembers } from './check.ts';
import type { Accept, Session } from './contracts.ts';
import { TokenError } from './errors.ts';
import { createEvents, report } from './events.ts';
import { hold } from './expiry.ts';
import { defaultLock } from './lock.ts';
import { readOptions } from './options.ts';
import { createRefresher } from './refresher.ts';
import { createScheduler } from './scheduler.ts';
import { createSessions } from './session.ts';
import { createRecordStore } from './storage.ts';
import { abortable, within } from './timers.ts';
import { readTokenResponse } from './token-response.ts';
import type { TokenManager, TokenManagerOptions, TokenSet } from './types.ts';

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
    hold(readTokenResponse(answer, attach.tokenTypes, previous), issuedAt, settings);
  const store =
    storage && createRecordStore(storage, name, accept, (failure) => add('storage-failed', failure));
  const sessions = createSessions(store, events);
  const capture = settings.capture && createCapture(settings.capture, { sessions, accept, flush });

  /** Bounded, and told to nobody but the reporter: the session is over here whatever the server says. */
  const revokeTokens = (tokens: TokenSet | undefined) =>
    within('the revocation', refreshTimeout, (signal) => revoke?.({ tokens, signal, fetch })).catch(report);
  const revoked = new WeakSet<Session>();

  const parts = { ...settings, fetch, sessions, events, capture, accept };
  const refresher = createRefresher({
    ...parts,
    lock: settings.lock ?? (store ? defaultLock : (_name, task) => task()),
    captures: async (session) => capture?.settled(session),
    onOrphan: (tokens, session) => void (revoked.has(session) && revokeTokens(tokens)),
  });
  const reread = () => {
    if (store) sessions.gate(sessions.sync('other-context').then(flush));
  };
  const scheduler = createScheduler({ ...parts, refresher, reread });
  events.on('*', (_event: string, payload: { retryAt?: number }) => scheduler.plan(payload.retryAt));

  const ready = sessions.sync('restored').then(flush);
  if (store) sessions.gate(ready);

  /** The session that is there once everything that began before has settled. */
  async function settled(signal?: AbortSignal): Promise<Session> {
    sessions.current.over.throwIfAborted();
    while (sessions.opening) await abortable(sessions.opening, signal, sessions.current.over);
    return sessions.current;
  }

  const close = () => {
    sessions.close();
    scheduler.close();
    events.close();
  };

  const methods: Omit<TokenManager, 'tokens' | 'sessionId' | typeof Symbol.dispose> = {
    fetch: createAuthFetch({ ...parts, refresher }),
    ready,
    async getAccessToken({ minValidity, signal } = {}) {
      checkMembers('getAccessToken', { minValidity }, { minValidity: 'number >= 0 or undefined' });
      const session = await settled(signal);
      const held = await abortable(refresher.obtain(session, minValidity), signal, session.over);
      return held?.tokens.accessToken;
    },
    async refresh({ signal } = {}) {
      const session = await settled(signal);
      if (!session.held && !refresh.withoutRefreshToken) throw new TokenError('session-ended');
      await abortable(refresher.run(session, 'manual'), signal);
      return session.held?.tokens as TokenSet;
    },
    async signIn(tokens) {
      const { over } = sessions.current;
      over.throwIfAborted();
      await sessions.open(accept(tokens, Date.now()), 'local', () => true);
      flush();
    },
    async signOut({ revoke: isWanted = true } = {}) {
      const session = await settled();
      const ended = sessions.end(session, 'local').then(flush);
      if (revoke && isWanted && (session.held || refresh.withoutRefreshToken)) {
        revoked.add(session);
        await revokeTokens(session.held?.tokens);
      }
      await ended;
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
