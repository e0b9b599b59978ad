/** A refresher without a manager, each refresh of which the test answers. */
import { vi } from 'vitest';
import type { Held } from '../../src/contracts.ts';
import { createRefresher, type RefresherParts } from '../../src/refresher.ts';
import type { Refresh, RefreshCause } from '../../src/types.ts';
import { follow } from './recorder.ts';
import { settle } from './refresh.ts';
import { always, type ContextParts, createContext, createDisk, createSharedLedger } from './sessions.ts';
import { deferred } from './world.ts';

/** Tokens for 100 s from now, replaced ahead from 75 s on and waited for from 90 s on. */
export const held = (accessToken: string, issuedAt = Date.now()): Held => ({
  tokens: { accessToken, tokenType: 'Bearer' },
  issuedAt,
  ...{ expiresAt: issuedAt + 100_000, aheadAt: issuedAt + 75_000, waitAt: issuedAt + 90_000 },
});

/** Signed in with `first`; each refresh is answered by the test. */
export async function createSignedIn(parts: Partial<RefresherParts> = {}, shared?: ContextParts) {
  const { sessions, told, token } = createContext(shared);
  const asked = vi.fn<(signal: AbortSignal) => void>();
  let next = deferred<string>();
  const refresh: Refresh = async ({ signal }) => {
    asked(signal);
    next = deferred();
    return { accessToken: await next.promise };
  };
  const answer = async (value: string) => {
    await settle();
    next.resolve(value);
    await settle();
  };
  const revoked = vi.fn();
  const refresher = createRefresher({
    refresh,
    refreshTimeout: 10_000,
    sessions,
    events: { add: (...entry) => told.push(entry), flush: () => {} },
    fetch,
    name: 'shop',
    lock: (_name, task) => task(),
    isLockShared: always,
    accept: (answer, issuedAt) => held((answer as { accessToken: string }).accessToken, issuedAt),
    revokeTokens: revoked,
    ...parts,
  });
  await sessions.open(always, held('first'), 'local');
  const run = (cause: RefreshCause = 'rejected') => follow(refresher.run(sessions.current, cause));
  return { ...refresher, run, sessions, told, asked, answer, revoked, token };
}

/** The same, with another context over one record and one ledger. */
export async function createTwo(parts: Partial<RefresherParts> = {}) {
  const [disk, ledger] = [createDisk(), createSharedLedger()];
  const store = disk.open();
  const own = await createSignedIn(parts, { store, ledger });
  const other = createContext({ store: disk.open(), ledger });
  await other.sessions.sync('restored');
  return { ...own, store, other };
}
