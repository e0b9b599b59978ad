/** Wires the parts together: the one place where the whole can be read. */
import { createAuthFetch } from './auth-fetch.ts';
import { createCapture } from './capture.ts';
import { openChannel, openLocalChannel } from './channel.ts';
import { checkMembers } from './check.ts';
import { createSessions } from './commit.ts';
import type { Accept } from './contracts.ts';
import { TokenError } from './errors.ts';
import { createEvents, report } from './events.ts';
import { hold } from './expiry.ts';
import { createLedger, noLedger } from './ledger.ts';
import { defaultLock, isLockShared, queueLock } from './lock.ts';
import { aDuration, readOptions } from './options.ts';
import { createRefresher } from './refresher.ts';
import { createScheduler } from './scheduler.ts';
import { createSessionState } from './session.ts';
import { createRecordStore, isMemory, isSessionStorage } from './storage.ts';
import { abortable, heed, within } from './timers.ts';
import { readTokenResponse } from './token-response.ts';
import type { Lock, TokenManager, TokenManagerOptions, TokenSet } from './types.ts';
import { isPage } from './wake.ts';

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
  // Joined with other managers where something is shared: a storage, or the cookies of a page.
  const memory = storage && isMemory(storage) ? storage : undefined;
  const isShared = storage && (isPage() || options.name !== undefined);
  const isJoined = isShared || (refresh.withoutRefreshToken && isPage());
  // Where nobody else is met, one refresh at a time for a session (R31), and another session's does not wait for it.
  const alone: Lock = (_name, task, limit) =>
    queueLock(memory && isShared ? memory : sessions.current, task, limit);
  const lock: Lock = settings.lock ?? (isJoined && !memory ? defaultLock : alone);
  const store =
    storage && createRecordStore(storage, name, accept, (failure) => add('storage-failed', failure));
  const ledger = isShared
    ? createLedger(name, storage, isPage() && isSessionStorage(storage), !!memory)
    : noLedger;
  const sessions = createSessions({
    state: createSessionState(add),
    store,
    ledger,
    post: (n) => channel?.post(n),
    behindLock: (task) => within('the lock', 5_000, (signal) => lock(name, task, { signal })),
  });

  /** Bounded, and told to nobody but the reporter: the session is over here whatever the server says. */
  const revokeTokens = (tokens: TokenSet | undefined) =>
    within('the revocation', refreshTimeout, (signal) => {
      // The page may be left as soon as the user has signed out.
      const lasting: typeof fetch = (input, init) => fetch(input, { keepalive: true, ...init });
      return revoke?.({ tokens, signal, fetch: lasting });
    }).catch(report);
  const capture =
    settings.capture && createCapture(settings.capture, { sessions, accept, flush, revokeTokens });

  const parts = {
    ...settings,
    ...{ fetch, sessions, events, capture, accept, lock, revokeTokens },
    isLockShared: () => !isJoined || !!memory || !!settings.lock || isLockShared(),
  };
  const refresher = createRefresher(parts);
  /** Requests wait for what is stored, where anything is. */
  const read = (cause: 'restored' | 'other-context') => {
    const run = sessions.sync(cause).then(flush);
    return store ? sessions.gate(run) : run;
  };
  const scheduler = createScheduler({ ...parts, refresher, reread: () => read('other-context') });
  events.on('*', (_event: string, payload: { retryAt?: number }) => scheduler.plan(payload.retryAt));

  const hear = (n: number) => {
    // What this context has read already is no news.
    if (store && n > 0 && n <= sessions.current.n) return;
    if (store) sessions.sync('other-context', { heard: n }).then(flush);
    else {
      sessions.forget();
      flush();
      refresher.obtain(sessions.current).catch(() => {});
    }
  };
  const channel = isJoined ? (memory ? openLocalChannel(memory, hear) : openChannel(name, hear)) : undefined;

  const close = () => {
    channel?.close();
    sessions.close();
    scheduler.close();
    events.close();
  };

  /** Sign-ins under way: a sign-out that follows is meant for their session. */
  let signingIn = 0;
  let lastCall: Promise<unknown> | undefined;
  /** Sign-ins and sign-outs begin in the order of their calls, and at once where none has to wait. */
  function inOrder<T>(task: () => Promise<T>, isFree: boolean): Promise<T> {
    if (!lastCall && isFree) return task();
    const run = Promise.resolve(lastCall).then(task);
    const call = run
      .catch(() => {})
      .then(() => {
        if (lastCall === call) lastCall = undefined;
      });
    lastCall = call;
    return run;
  }

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
      heed(sessions.closed);
      const held = accept(tokens, Date.now());
      const open = async () => {
        heed(sessions.closed);
        await sessions.open(() => true, held, 'local');
      };
      signingIn++;
      const opened = inOrder(open, true).finally(() => signingIn--);
      await abortable(opened.then(flush), sessions.closed);
    },
    async signOut({ revoke: isWanted = true } = {}) {
      heed(sessions.closed);
      const was = sessions.current;
      const isFollowing = signingIn;
      const isRevoked = !!revoke && isWanted;
      const end = async () => {
        const found = sessions.opening ? await sessions.settled(undefined) : sessions.current;
        // Another context has ended it, and begun one that is not meant.
        const isOver = was.id && found !== was && !isFollowing;
        const session = isOver ? was : found;
        session.isRevoked = isRevoked;
        const ended = isOver ? undefined : sessions.end(isRevoked).then(flush);
        const isNeeded = isRevoked && (session.held || refresh.withoutRefreshToken);
        return { ended, revoked: isNeeded && revokeTokens(session.held?.tokens) };
      };
      const { ended, revoked } = await inOrder(end, !sessions.opening);
      if (revoked) await abortable(revoked, sessions.closed);
      // Before, the others would find the cookie still good.
      if (!store) channel?.post(sessions.current.n);
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
