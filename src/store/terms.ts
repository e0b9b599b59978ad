/** What stores with a clock, or a term, need of an entry: whoever has neither does not load this. */
import { ownMembers } from '../own.ts';
import type { SessionState } from '../session/session.ts';
import type { StoreEntry } from '../types.ts';
import { END_KEPT } from './entry.ts';

/** What a store does with an entry that was read, or is to be written. */
export interface Conversion {
  read(entry: StoreEntry | undefined): StoreEntry | undefined;
  write(entry: StoreEntry): StoreEntry;
}

interface Value {
  readonly state: SessionState;
  /** By the clock of the writer. */
  readonly writtenAt?: number;
}

/** The entry with when it was written, and how long it may be needed. */
export function withTerm({ version, value }: StoreEntry): StoreEntry {
  const entry = JSON.parse(value) as Value;
  const { end, held } = ownMembers(entry.state);
  const writtenAt = Date.now();
  const keepFor = end ? END_KEPT : Number(held?.tokens.refreshExpiresAt) - writtenAt;
  return { version, value: JSON.stringify({ ...entry, writtenAt }), ...(keepFor > 0 && { keepFor }) };
}

/** The store's clock is the same for all; those of two machines are not. */
export function byOwnClock(entry: StoreEntry | undefined): StoreEntry | undefined {
  if (entry?.age === undefined) return entry;
  try {
    const { state, ...value } = JSON.parse(entry.value) as Value;
    const by = Date.now() - entry.age - Number(value.writtenAt);
    const { held, failure } = ownMembers(state);
    if (!Number.isFinite(by + (held?.issuedAt ?? 0))) return entry;
    const moved: Record<string, unknown> = { ...state };
    // Of a clock that is far ahead or behind a back-off would be over at once, for everybody else.
    if (failure) moved['failure'] = { ...failure, at: failure.at + by, retryAt: failure.retryAt + by };
    if (held) {
      const tokens: Record<string, unknown> = { ...held.tokens };
      for (const name of ['expiresAt', 'refreshExpiresAt'] as const)
        if (held.tokens[name]) tokens[name] = held.tokens[name] + by;
      moved['held'] = { ...held, tokens, issuedAt: held.issuedAt + by };
    }
    return { ...entry, value: JSON.stringify({ ...value, state: moved }) };
  } catch {
    return entry; // none of ours
  }
}

export const terms: Conversion = { read: byOwnClock, write: withTerm };
