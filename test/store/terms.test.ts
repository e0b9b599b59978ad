/** What stores with a clock, or a term, need of an entry. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Held } from '../../src/session/expiry.ts';
import type { SessionState } from '../../src/session/session.ts';
import { type Format, readEntry, writeEntry } from '../../src/store/entry.ts';
import { byOwnClock, withTerm } from '../../src/store/terms.ts';
import type { StoreEntry } from '../../src/types.ts';
import { polluted } from '../support/polluted.ts';
import { accept, heldOf, stateOf } from './parts.ts';

beforeEach(() => void vi.useFakeTimers({ now: 1_800_000_000_000 }));
afterEach(() => void vi.useRealTimers());

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const format: Format = { refresh: { id: 'shop' }, accept };

const written = (state: SessionState) =>
  withTerm(writeEntry({ state, version: 'v', kind: 'session' }, format));

test('what is kept is the entry as it was, and nothing else but its term', () => {
  const state = stateOf({ held: heldOf('a', { refresh_expires_in: 7_200 }) });
  const entry = written(state);
  expect(Object.keys(entry)).toEqual(['version', 'value', 'keepFor']);
  expect(readEntry(entry, format)).toMatchObject({ kind: 'session', version: 'v', state });
});

describe('how long an entry is kept', () => {
  const ended = stateOf({ end: { reason: 'local', at: 3 } });
  test.each([
    ['for a week, of a session that is over, by whoever was away that long', ended, 7 * DAY],
    ['for good, where nobody knows when the refresh token expires', stateOf(), undefined],
    [
      'as long as the refresh token lives',
      stateOf({ held: heldOf('a', { refresh_expires_in: 7_200 }) }),
      2 * HOUR,
    ],
    [
      'as long as the refresh token lives, whichever name that has',
      stateOf({ held: heldOf('a', { refresh_token_expires_in: 60 }) }),
      60_000,
    ],
  ])('%s', (_title, state, keepFor) => {
    vi.setSystemTime(state.held?.issuedAt ?? 0);
    expect(written(state).keepFor).toBe(keepFor);
  });

  test('only for what is left of that', () => {
    const state = stateOf({ held: heldOf('a', { refresh_expires_in: 7_200 }) });
    vi.advanceTimersByTime(HOUR);
    expect(written(state).keepFor).toBe(HOUR);
  });
});

describe('R10, R54: between machines whose clocks differ', () => {
  const SKEW = 2 * HOUR;

  /** Written 10 s after its tokens were issued, by a clock that is ahead; read 5 s later by one that is right. */
  function travel(age?: number) {
    const now = Date.now();
    vi.setSystemTime(now + SKEW);
    const held = heldOf('a', { refresh_expires_in: 7_200 });
    vi.advanceTimersByTime(10_000);
    const entry = written(stateOf({ held }));
    vi.setSystemTime(now + 15_000);
    return { ...(readEntry(byOwnClock({ ...entry, age }), format).state.held as Held), now };
  }

  test('the moments of the tokens are by the own clock, where the store tells how old the entry is', () => {
    const { issuedAt, expiresAt, aheadAt, waitAt, tokens, now } = travel(5_000);
    expect([issuedAt, expiresAt, tokens.expiresAt]).toEqual([now, now + HOUR, now + HOUR]);
    expect([aheadAt, waitAt]).toEqual([now + HOUR - 60_000, now + HOUR - 10_000]);
  });

  test('so is the moment at which the refresh token expires, which says how long the entry is kept', () => {
    const { tokens, now } = travel(5_000);
    expect(tokens.refreshExpiresAt).toBe(now + 2 * HOUR);
  });

  test.each([-SKEW, SKEW])(
    'R35: a back-off lasts as long as for the writer, whose clock is off by %i ms',
    (skew) => {
      const now = Date.now();
      vi.setSystemTime(now + skew);
      const failure = { count: 2, at: now + skew, retryAt: now + skew + 4_000 };
      const entries = [stateOf({ failure }), stateOf({ failure, held: undefined, id: undefined })].map(
        written,
      );
      vi.setSystemTime(now + 1_000);
      for (const entry of entries) {
        const { state } = readEntry(byOwnClock({ ...entry, age: 1_000 }), format);
        expect(state.failure).toEqual({ count: 2, at: now, retryAt: now + 4_000 });
      }
    },
  );

  test('they are by the clock of the writer where it does not', () => {
    const { issuedAt, expiresAt, now } = travel();
    expect([issuedAt, expiresAt]).toEqual([now + SKEW, now + SKEW + HOUR]);
  });
});

test('R37: an end that a page put on Object.prototype gives no entry a term', async () => {
  const state = stateOf({ held: heldOf('a', { refresh_expires_in: 7_200 }) });
  const entry = writeEntry({ state, version: 'v', kind: 'session' }, format);
  const { keepFor } = await polluted({ end: 'x' }, () => withTerm(entry));
  expect(keepFor).toBe(2 * HOUR);
});

test.each([
  ...['', 'x', 'null', '7', '{}', '{"state":{}}', '{"state":{"held":{"issuedAt":1}},"writtenAt":1}'],
  '{"state":{"held":{"issuedAt":1,"tokens":{}}}}',
])('R53: what is no entry with tokens, or not one of ours, is left as it is: %s', (value) => {
  const entry: StoreEntry = { version: 'v', value, age: 5 };
  expect([byOwnClock(entry), byOwnClock(undefined)]).toEqual([entry, undefined]);
});
