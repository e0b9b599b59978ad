/** What stands in a store. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { PastEnd, SessionState } from '../../src/session/session.ts';
import { type Entry, type Format, readEntry, writeEntry as write } from '../../src/store/entry.ts';
import { polluted } from '../support/polluted.ts';
import { accept, heldOf, stateOf } from './parts.ts';

beforeEach(() => void vi.useFakeTimers({ now: 1_800_000_000_000 }));
afterEach(() => void vi.useRealTimers());

const HOUR = 3_600_000;

const format: Format = { refresh: { id: 'shop' }, accept };

const writeEntry = (entry: Entry, version: string, by: Format) =>
  write({ ...entry, version, kind: 'session' }, by);

const entryOf = (more: Partial<Entry> = {}): Entry => ({ state: stateOf(), ...more });

/** What an entry is written as, in parts. */
const partsOf = (entry: Entry, by = format) => JSON.parse(writeEntry(entry, 'v', by).value);

/** A value that a sign-in leaves, with other members. */
const changed = (more: object) => JSON.stringify({ ...partsOf(entryOf()), ...more });

const found = (value: string, more: object = {}) => readEntry({ version: 'v', value, ...more }, format);

describe('an entry', () => {
  test('is read as it was written: session, tokens with their moments, ends, lease', () => {
    const ends: PastEnd[] = [
      { id: 'z', reason: 'replaced', at: 1 },
      { id: 'y', reason: 'local', at: 2, isRevoked: true },
    ];
    const state = stateOf({
      ends,
      ...{ rotation: 3, cause: 'rejected', durationMs: 20, capturedAt: 5, renewedAt: 4, refreshed: 2 },
      failure: { count: 1, at: 7, retryAt: 9 },
      held: heldOf('a', { id_token: 'id', scope: 'read', refresh_expires_in: 7_200 }),
    });
    const lease = { id: 'l', by: 'me', ms: 1_000, isLocked: true };
    const written = writeEntry({ state, lease }, 'v1', format);
    expect(written.version).toBe('v1');
    expect(readEntry(written, format)).toEqual({ kind: 'session', version: 'v1', state, lease });
  });

  test('R10: has the moments that follow from the whole lifetime, also when it is read late', () => {
    const { held } = stateOf();
    const written = writeEntry(entryOf(), 'v', format);
    vi.advanceTimersByTime(HOUR / 2);
    expect(readEntry(written, format).state.held).toEqual(held);
  });

  test('R37: of a `refresh` that says no id is not taken for another one’s', async () => {
    const nameless: Format = { refresh: {}, accept };
    const written = writeEntry(entryOf(), 'v', nameless);
    const { kind } = await polluted({ client: 'x' }, () => readEntry(written, nameless));
    expect(kind).toBe('session');
  });

  test('that is not there is none; nobody is in its session, and nothing has a version', () => {
    const { kind, version, state: found } = readEntry(undefined, format);
    expect({ kind, version }).toEqual({ kind: 'none', version: undefined });
    expect([found.id, found.held, found.end, found.ends]).toEqual(Array(4).fill(undefined));
  });

  test('of a user whose tokens never expire, and of one without a refresh token, is read as it was', () => {
    const held = accept({ access_token: 'opaque' }, Date.now());
    const state = stateOf({ held });
    expect(readEntry(writeEntry({ state }, 'v', format), format).state).toEqual(state);
  });
});

describe('R51: the entry of a session that is over', () => {
  test.each(['local', 'ended', 'replaced'] as const)('says why (%s), and holds no token', (reason) => {
    const state = stateOf({
      end: { reason, at: 3, isRevoked: true },
      failure: { count: 1, at: 1, retryAt: 2 },
      rotation: 4,
    });
    const written = writeEntry({ state }, 'v', format);
    expect(written.value).not.toMatch(/access-|refresh-/);
    const read = readEntry(written, format);
    expect(read).toMatchObject({ kind: 'session', state: { id: 'a', rotation: 4, end: state.end } });
    expect([read.state.held, read.state.failure]).toEqual([undefined, undefined]);
  });

  test('R56: is known to hold no secret, and no other one is', () => {
    const isPlain = (state: SessionState) => write({ state, version: 'v', kind: 'session' }, format).isPlain;
    expect([isPlain(stateOf({ end: { reason: 'local', at: 3 } })), isPlain(stateOf())]).toEqual([
      true,
      false,
    ]);
  });
});

describe('R8: the entry of a session that a cookie holds', () => {
  test('holds no token, and is read all the same', () => {
    const { held: _held, ...rest } = stateOf({ durationMs: 300 });
    const ofCookie: Format = { ...format, accept: () => undefined as never };
    const read = readEntry(writeEntry({ state: rest }, 'v', ofCookie), ofCookie);
    expect(read).toMatchObject({ kind: 'session', state: rest });
    expect(read.state.held).toBeUndefined();
  });
});

describe('R53: members that this version does not know', () => {
  test('are kept, in the entry and in its session', () => {
    const value = partsOf(entryOf());
    const text = JSON.stringify({ ...value, future: { a: 1 }, state: { ...value.state, later: [2] } });
    const { version: _version, kind: _kind, age: _age, ...entry } = found(text);
    const again = partsOf({ ...entry, state: { ...entry.state, rotation: 1 } });
    expect(again).toMatchObject({ future: { a: 1 }, state: { later: [2], rotation: 1 } });
  });

  test('go with the session', () => {
    const value = partsOf(entryOf());
    const { state } = found(JSON.stringify({ ...value, state: { ...value.state, later: [2] } }));
    expect(
      partsOf(entryOf({ state: { ...state, end: { reason: 'local', at: 3 } } })).state,
    ).not.toHaveProperty('later');
  });
});

const state = () => partsOf(entryOf()).state;
const changedHeld = (held: unknown) => changed({ state: { ...state(), held } });
const changedTokens = (tokens: unknown) => changedHeld({ ...state().held, tokens });

const foreign: Record<string, () => string> = {
  'of a newer format': () => changed({ format: 2 }),
  'of a newer format whose parts are others': () => '{"format":2}',
  'of another client': () => changed({ client: 'admin' }),
  'of a client without a name': () => changed({ client: undefined }),
};

const damaged: Record<string, () => string> = {
  'an empty text': () => '',
  'no JSON': () => 'access-a',
  'half an entry': () => changed({}).slice(0, -20),
  'a number': () => '7',
  null: () => 'null',
  'a list': () => '[]',
  'an object of somebody else': () => '{"tokens":{"accessToken":"access-a"}}',
  'no state': () => changed({ state: undefined }),
  'a state that is a text': () => changed({ state: 'access-a' }),
  'a rotation that is a text': () => changed({ state: { ...state(), rotation: 'x' } }),
  'no moment of a capture': () => changed({ state: { ...state(), capturedAt: undefined } }),
  'a moment of issue that no date can be': () => changedHeld({ ...state().held, issuedAt: 1e300 }),
  'no ends': () => changed({ state: { ...state(), ends: undefined } }),
  'ends that are a text': () => changed({ state: { ...state(), ends: 'abc' } }),
  'ends that only look like a list': () => changed({ state: { ...state(), ends: { length: 0 } } }),
  'an end that is none': () => changed({ state: { ...state(), ends: [null] } }),
  'nothing that is held': () => changedHeld(undefined),
  'no moment of issue': () => changedHeld({ tokens: state().held.tokens }),
  'no tokens': () => changedTokens(undefined),
  'tokens that are a text': () => changedTokens('access-a'),
  'an access token that is a number': () => changedTokens({ accessToken: 7 }),
  'an access token that no header can carry': () => changedTokens({ accessToken: 'ä\n' }),
  'a back-off without an end': () => changed({ state: { ...state(), failure: {} } }),
};

describe('R53: what is no entry of ours', () => {
  const kindsOf = (values: Record<string, () => string>, kind: string) =>
    Object.entries(values).map(([what, value]) => ({ what, value, kind }));

  test.for([...kindsOf(foreign, 'foreign'), ...kindsOf(damaged, 'damaged')])(
    '$what is $kind: nobody is signed in, its version is known, and nothing of it is shown',
    ({ value, kind }) => {
      const read = found(value());
      expect(read).toMatchObject({ kind, version: 'v' });
      expect([read.state.id, read.state.held, read.state.ends, read.lease]).toEqual(Array(4).fill(undefined));
      expect(JSON.stringify(read)).not.toContain('access-');
    },
  );
});
