/** R35: tokens that slide: there is no refresh token, and each good answer brings the next access token. */
import { type Refresh, TokenError } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCell } from '../support/cell.ts';
import { record, short } from '../support/recorder.ts';
import { ME, settle, status } from '../support/refresh.ts';
import { API, createManager, createWorld, deferred, unauthorized } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const refreshes: [how: string, refresh: Refresh | undefined][] = [
  ['refreshEndpoint, which has nothing to send', undefined],
  [
    'a refresh that knows none',
    async () => {
      throw new TokenError('session-ended');
    },
  ],
];

/** Each answer comes when the test lets it; the first request to be judged uses the first token up. */
async function createSliding(options: Parameters<typeof createManager>[1] = {}) {
  const world = createWorld();
  const gates: (() => void)[] = [];
  let issued = 0;
  const slide = () => new Response('ok', { headers: { 'x-token': `slid-${++issued}` } });
  world.answerApi = async ({ authorization }) => {
    const isDead = issued > 0 && authorization === 'Bearer slid-0';
    const answer = isDead ? unauthorized() : slide();
    const { promise, resolve } = deferred();
    gates.push(resolve);
    await promise;
    return answer;
  };
  const auth = createManager(world, {
    capture: [
      {
        url: API,
        read: ({ headers }) => ({ access_token: headers.get('x-token') ?? undefined, expires_in: 600 }),
      },
    ],
    ...options,
  });
  await auth.signIn({ access_token: 'slid-0', expires_in: 600 });
  return { world, auth, gates, told: record(auth) };
}

describe.each(refreshes)(
  'R35: four requests at once with a token that the first one uses up; %s',
  (_how, refresh) => {
    test.each([
      ['the good answer first', [0, 1, 2, 3]],
      ['the good answer last', [1, 2, 3, 0]],
      ['the good answer in between', [1, 0, 2, 3]],
    ])('%s: all four are answered, and the session goes on', async (_what, order) => {
      for (const store of [undefined, createCell().open()]) {
        const { auth, gates, told } = await createSliding({ ...(refresh && { refresh }), store });
        const requests = [1, 2, 3, 4].map(() => status(auth.fetch(ME)));
        await settle();
        for (const index of order) {
          gates[index]?.();
          await vi.advanceTimersByTimeAsync(50);
        }
        // The replays.
        for (let index = 4; index < gates.length; index++) {
          gates[index]?.();
          await settle();
        }
        expect(await Promise.all(requests)).toEqual([200, 200, 200, 200]);
        expect(auth.status).toBe('signed-in');
        expect(new Set(short(told))).toEqual(new Set(['token-refreshed captured']));
        auth.close();
      }
    });
  },
);

test('R35: a token that slid away for good ends the session, once', async () => {
  const { auth, told, world } = await createSliding();
  world.answerApi = () => unauthorized();
  const ends = [1, 2, 3, 4].map(() => auth.fetch(ME).catch((error) => error.code));
  expect(await Promise.all(ends)).toEqual(Array(4).fill('session-ended'));
  expect(short(told)).toEqual(['signed-out ended']);
});
