/** What stands in a store: the state of a session, who presents its refresh token, and what ended before it. */
import type { Held } from '../session/expiry.ts';
import type { End, SessionState } from '../session/session.ts';
import type { StoreEntry } from '../types.ts';

/** Who presents the refresh token, and for how long (ms). */
export interface Lease {
  /** Made anew each time. */
  readonly id: string;
  readonly by: string;
  readonly ms: number;
  /** It was taken under a lock that its holder cannot lose alive. */
  readonly isLocked: boolean;
}

/** A session that is over. */
export interface PastEnd extends End {
  readonly id: string;
}

/** Members that this version does not know are kept as long as the session goes on. */
export interface Entry {
  readonly state: SessionState;
  /** The last four sessions that ended before this one. */
  readonly ends: readonly PastEnd[];
  readonly lease?: Lease | undefined;
}

/**
 * - `none`: there is no entry.
 * - `damaged`: what is there is no entry; it is replaced.
 * - `foreign`: it belongs to another client, to a newer version of this package, or is sealed with an unknown key.
 */
export interface Found extends Entry {
  readonly version: string | undefined;
  readonly kind: 'session' | 'none' | 'damaged' | 'foreign';
  readonly age?: number | undefined;
}

export interface Format {
  /** Of the `refresh`; a session belongs to the client that began it. */
  readonly clientId: string | undefined;
  /** Whether tokens are part of it. */
  readonly keepsTokens: boolean;
  /** Checks stored tokens and works out their moments. */
  restore(tokens: unknown, issuedAt: number): Held;
}

const FORMAT = 1;

/** So long a context that was away can learn from a store that drops entries that a session was signed out (ms). */
export const END_KEPT = 7 * 24 * 3_600_000;

const nobody: SessionState = { rotation: -1, capturedAt: 0, renewedAt: 0 };

/** @throws whatever makes it no entry. */
function parse(value: string, age: number | undefined, format: Format): Found['kind'] | Entry {
  const { format: written, client, tokens, issuedAt, issuedFor, ...entry } = JSON.parse(value);
  if (written !== FORMAT || client !== format.clientId) return written ? 'foreign' : 'damaged';
  const { state, ends } = entry as Entry;
  const { id, end, rotation, capturedAt, renewedAt, failure } = state;
  const numbers = [rotation, capturedAt, renewedAt, ...(tokens ? [issuedAt, issuedFor] : [])];
  if (failure) numbers.push(failure.count, failure.at, failure.retryAt);
  // A moment beyond what a date can be.
  if (!numbers.every((number) => Math.abs(number) < 8.64e15) || !ends.every(({ id }) => id)) return 'damaged';
  if (!id || end || !format.keepsTokens) return entry;
  // The store's clock is the same for all; those of two machines are not.
  const by = age === undefined ? 0 : Date.now() - age - issuedFor - issuedAt;
  const shifted = { ...tokens };
  for (const name of ['expiresAt', 'refreshExpiresAt']) if (shifted[name]) shifted[name] += by;
  return { ...entry, state: { ...state, held: format.restore(shifted, issuedAt + by) } };
}

export function readEntry(found: StoreEntry | undefined, format: Format): Found {
  const nothing = { version: found?.version, age: found?.age, state: nobody, ends: [] };
  if (!found) return { ...nothing, kind: 'none' };
  try {
    const entry = parse(found.value, found.age, format);
    return typeof entry === 'string'
      ? { ...nothing, kind: entry }
      : { ...nothing, ...entry, kind: 'session' };
  } catch {
    // What JSON.parse throws quotes the value.
    return { ...nothing, kind: 'damaged' };
  }
}

/** The entry as a store keeps it. */
export function writeEntry({ state, ...entry }: Entry, version: string, format: Format): StoreEntry {
  const { id, begunAt, rotation, capturedAt, renewedAt, end, held, ...members } = state;
  const { tokens, issuedAt = 0 } = (format.keepsTokens && !end && held) || {};
  const kept = { id, begunAt, rotation, capturedAt, renewedAt, end };
  const stored = {
    ...entry,
    format: FORMAT,
    client: format.clientId,
    // Of a session that is over nothing stays but its end.
    state: end ? kept : { ...members, ...kept },
    ...(tokens && { tokens, issuedAt, issuedFor: Date.now() - issuedAt }),
  };
  // As long as one of them may be good.
  const left = Math.max(Number(tokens?.refreshExpiresAt), tokens?.expiresAt ?? 0) - Date.now();
  const keepFor = end ? END_KEPT : left > 0 ? left : undefined;
  return { version, value: JSON.stringify(stored), ...(keepFor && { keepFor }) };
}
