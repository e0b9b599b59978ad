/** R20 to R23 among contexts of one session, whose tokens end while their requests are on the way. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createCell } from '../support/cell.ts';
import { login, ME, ownRefresh, settle, signedIn, status } from '../support/refresh.ts';
import { createManager, deferred, unauthorized } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('R22, R23: an adopted token that is refused and has been replaced elsewhere since gives way to the current one', async () => {
  const cell = createCell();
  const [own, others] = [ownRefresh(), ownRefresh()];
  const { auth, world } = await signedIn({ store: cell.open(), refresh: own.refresh });
  const other = createManager(world, { store: cell.open(), refresh: others.refresh });
  await other.ready;
  const renew = async (number: number) => {
    const refreshed = other.refresh();
    await settle();
    others.calls[number - 1]?.resolve(
      login({ access_token: `access-${number}`, refresh_token: `refresh-${number}` }),
    );
    await refreshed;
    await settle();
  };
  const late = deferred();
  const sent: (string | null)[] = [];
  world.answerApi = async ({ authorization }) => {
    sent.push(authorization);
    if (authorization === 'Bearer access-1') await late.promise;
    return authorization === 'Bearer access-2' ? Response.json({}) : unauthorized();
  };
  // Refused while the other one has the lease; what that brings is adopted, and sent.
  const refreshed = other.refresh();
  await settle();
  const request = status(auth.fetch(ME));
  await settle();
  others.calls[0]?.resolve(login({ access_token: 'access-1', refresh_token: 'refresh-1' }));
  await refreshed;
  await vi.advanceTimersByTimeAsync(500);
  expect(sent).toEqual(['Bearer access-0', 'Bearer access-1']);
  await renew(2);
  late.resolve();
  expect(await request).toBe(200);
  expect(sent).toEqual(['Bearer access-0', 'Bearer access-1', 'Bearer access-2']);
  expect(own.calls).toHaveLength(0);
});
