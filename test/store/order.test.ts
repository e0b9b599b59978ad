/** Which of two goes on. */
import { describe, expect, test } from 'vitest';
import { type End, endOf, type PastEnd, type SessionState } from '../../src/session/session.ts';
import { following, isOlder } from '../../src/store/order.ts';

const stateOf = (id: string | undefined, more: Partial<SessionState> = {}): SessionState => ({
  ...{ id, rotation: 0, capturedAt: 0, renewedAt: 0, begunAt: 100 },
  ...more,
});
const nobody = stateOf(undefined, { begunAt: undefined });
const ended: End = { reason: 'ended', at: 1 };
const local: End = { reason: 'local', at: 2, isRevoked: true };
const pastOf = (...ids: string[]): PastEnd[] => ids.map((id) => ({ id, reason: 'replaced', at: 3 }));

interface Case {
  what: string;
  found: SessionState;
  own: SessionState;
  isEarly?: boolean;
  isOlder: boolean;
}

const a = (more?: Partial<SessionState>) => stateOf('a', more);
const b = (more?: Partial<SessionState>) => stateOf('b', more);

const cases: Case[] = [
  {
    what: 'a revival of what a sign-in here was to replace',
    found: b({ revives: 'x', ends: pastOf('x') }),
    own: a({ ends: pastOf('x') }),
    isOlder: true,
  },
  {
    what: 'a revival of what is revived here, too',
    found: b({ revives: 'x', ends: pastOf('x') }),
    own: a({ revives: 'x', ends: pastOf('x') }),
    isOlder: false,
  },
  {
    what: 'a revival that knows of the own end',
    found: b({ revives: 'x', ends: pastOf('a', 'x') }),
    own: a({ ends: pastOf('x') }),
    isOlder: false,
  },
  // Of one session.
  { what: 'the same', found: a(), own: a(), isOlder: false },
  {
    what: 'a refresh token that was replaced more often',
    found: a({ rotation: 2 }),
    own: a({ rotation: 1 }),
    isOlder: false,
  },
  {
    what: 'one that was replaced less often',
    found: a({ rotation: 1 }),
    own: a({ rotation: 2 }),
    isOlder: true,
  },
  {
    what: 'one that was replaced less often, whatever was captured',
    found: a({ rotation: 1, capturedAt: 9 }),
    own: a({ rotation: 2 }),
    isOlder: true,
  },
  {
    what: 'an access token that was captured later',
    found: a({ capturedAt: 9 }),
    own: a({ capturedAt: 5 }),
    isOlder: false,
  },
  {
    what: 'an access token that was captured earlier',
    found: a({ capturedAt: 5 }),
    own: a({ capturedAt: 9 }),
    isOlder: true,
  },
  {
    what: 'an end that the server made, where somebody has signed out here',
    found: a({ end: ended }),
    own: a({ end: local }),
    isOlder: true,
  },
  {
    what: 'a sign-out, where the server made an end here',
    found: a({ end: local }),
    own: a({ end: ended }),
    isOlder: false,
  },
  { what: 'the same sign-out', found: a({ end: local }), own: a({ end: local }), isOlder: false },
  {
    what: 'its end, though less often replaced',
    found: a({ end: ended }),
    own: a({ rotation: 3 }),
    isOlder: false,
  },
  {
    what: 'no end of what is over here, though more often replaced',
    found: a({ rotation: 3 }),
    own: a({ end: local }),
    isOlder: true,
  },
  {
    what: 'R42: a refresh token that was captured later, though less often replaced',
    found: a({ rotation: 1, renewedAt: 9 }),
    own: a({ rotation: 3, renewedAt: 5 }),
    isOlder: false,
  },
  {
    what: 'R42: a refresh token that was captured earlier, though more often replaced',
    found: a({ rotation: 3, renewedAt: 5 }),
    own: a({ rotation: 1, renewedAt: 9 }),
    isOlder: true,
  },
  // Of two sessions.
  { what: 'somebody, where nobody was', found: a(), own: nobody, isOlder: false },
  { what: 'nobody, where nobody was', found: nobody, own: nobody, isOlder: false },
  { what: 'nobody, where somebody is', found: nobody, own: a(), isOlder: true },
  { what: 'another session', found: b(), own: a(), isOlder: false },
  {
    what: 'another session that began earlier',
    found: b({ begunAt: 1 }),
    own: a(),
    isOlder: false,
  },
  {
    what: 'a session that is known to have ended',
    found: b(),
    own: a({ ends: pastOf('c', 'b') }),
    isOlder: true,
  },
  {
    what: 'a session that is known to have ended, over itself',
    found: b({ end: ended }),
    own: a({ ends: pastOf('b') }),
    isOlder: true,
  },
  {
    what: 'a session that knows of the end of this one',
    found: b({ begunAt: 1, ends: pastOf('a') }),
    own: a(),
    isEarly: true,
    isOlder: false,
  },
  {
    what: 'a session that knows of the end of this one, which knows of its end',
    found: b({ ends: pastOf('a') }),
    own: a({ ends: pastOf('b') }),
    isOlder: false,
  },
  {
    what: 'an earlier one than a sign-in that knew nothing of it',
    found: b({ begunAt: 50 }),
    own: a(),
    isEarly: true,
    isOlder: true,
  },
  {
    what: 'a later one than a sign-in that knew nothing of it',
    found: b({ begunAt: 150 }),
    own: a(),
    isEarly: true,
    isOlder: false,
  },
  {
    what: 'what goes on in the place of a session that was signed out here',
    found: b({ revives: 'a', ends: pastOf('a') }),
    own: a({ end: local }),
    isOlder: true,
  },
  {
    what: 'what goes on in the place of a session that was found over here',
    found: b({ revives: 'a', ends: pastOf('a') }),
    own: a({ end: ended }),
    isOlder: false,
  },
  {
    what: 'one of unknown beginning',
    found: b({ begunAt: undefined }),
    own: a(),
    isEarly: true,
    isOlder: false,
  },
];

describe('R51, R53: of what is found in the store and what is held here', () => {
  test.for(cases)('$what is older: $isOlder', ({ found, own, isEarly = false, isOlder: expected }) => {
    expect(isOlder(found, own, isEarly)).toBe(expected);
  });

  test('of two contexts one at least goes on with what the other has: they do not write for ever', () => {
    const two = [0, 1];
    const members = two.flatMap((rotation) =>
      two.flatMap((capturedAt) =>
        two.flatMap((renewedAt) =>
          [undefined, ended].map((end) => ({ rotation, capturedAt, renewedAt, end })),
        ),
      ),
    );
    const states = ['a', 'b'].flatMap((id) => members.map((more) => stateOf(id, more)));
    const all = [nobody, ...states].flatMap((state) =>
      [[], pastOf('a'), pastOf('b')].map((ends): SessionState => ({ ...state, ends })),
    );
    const isBoth = (one: SessionState, other: SessionState) =>
      isOlder(one, other, false) && isOlder(other, one, false);
    const circles = all.flatMap((one) => all.filter((other) => isBoth(one, other)));
    expect(circles).toEqual([]);
  });
});

describe('R51: the ends that an entry names', () => {
  const next = stateOf('n');

  test.each([
    ['a session that another one replaces', a(), [{ id: 'a', reason: 'replaced' }]],
    ['a session that was over', a({ end: local }), [{ id: 'a', ...local }]],
    ['nobody', nobody, []],
    ['the same session', next, []],
  ])('after %s', (_what, was, ends) => {
    expect(following(was, next).ends).toMatchObject(ends);
  });

  test('are the last four, the newest first', () => {
    const { ends } = following(a({ ends: pastOf('b', 'c', 'd', 'e') }), next);
    expect(ends?.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('of what follows are those of what is followed, too', () => {
    const { ends } = following(a({ ends: pastOf('b') }), { ...next, ends: pastOf('c') });
    expect(ends?.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });

  test('stay in their order when an older session comes back: what ended before it tells nothing new', () => {
    const back = a({ ends: pastOf('x', 'y') });
    const { ends } = following(back, { ...next, ends: pastOf('d', 'c', 'b', 'a') });
    expect(ends?.map(({ id }) => id)).toEqual(['d', 'c', 'b', 'a']);
  });

  test('say of a session what was known first', () => {
    const ends: PastEnd[] = [{ id: 'a', ...local }];
    expect(following(a({ end: ended }), { ...next, ends }).ends).toEqual(ends);
  });

  test('are found by the session that they are of', () => {
    const ends = pastOf('b', 'a');
    const state = { ...next, ends };
    expect([endOf('a', state), endOf('z', state), endOf(undefined, state), endOf('a', next)]).toEqual([
      ends[1],
      ...[undefined, undefined, undefined],
    ]);
  });
});
