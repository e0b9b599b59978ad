/** Tokens bound to a key at a real authorization server and a real API, with nonces, and their thieves. */

import { generateKeyPair, generateProof } from 'dpop';
import { asTokenError } from 'evertoken';
import { dpop } from 'evertoken/dpop';
import { describe, expect, test } from 'vitest';
import { startDpopWorld } from '../support/dpop-world.ts';
import { liveThrough, stopClock } from '../support/lives.ts';
import { record, statuses, times } from '../support/loopback.ts';

describe('800 requests over six lives of tokens that are bound to a key', { timeout: 60_000 }, () => {
  test.for([
    { judge: 'the client', refreshAhead: undefined, age: 3_000, cause: 'ahead' },
    { judge: 'the server', refreshAhead: false, age: 4_000, cause: 'rejected' },
  ] as const)(
    'R27, R31: expiry judged by $judge: no failure, no reuse, one refresh for each life',
    async ({ refreshAhead, age, cause }) => {
      await using world = await startDpopWorld(4);
      const { server, api } = world;
      const { pass } = stopClock();
      const { auth, proofs } = world.manager(dpop('shop'), { refreshAhead });
      const told = record(auth);
      await auth.signIn(await world.login(proofs));
      const grow = () => pass(age);
      const { failures, answered } = await liveThrough({
        auth,
        workers: 20,
        between: 130,
        ends: times(5, grow),
        send: (number, init) => auth.fetch(`${api.url}/items/${number}`, init),
      });

      expect(failures).toEqual([]);
      expect(api.stats.accepted).toBe(answered);
      expect(told.failed).toEqual([]);
      expect(told.refreshed.map((event) => event.cause)).toEqual(times(5, cause));
      // Nonces that ran out were answered, and none of them was taken for a refused token.
      expect(api.stats.refusals.nonce).toBeGreaterThanOrEqual(1);
      const { nonce, token = 0, ...others } = api.stats.refusals;
      expect(others).toEqual({});
      expect(token > 0).toBe(cause === 'rejected');
      // A nonce challenge of the authorization server is no refresh that failed, and spends nothing.
      expect(server.stats).toMatchObject({ refreshes: 5, reuse: 0 });
      expect(new Set(server.stats.errors.map((error) => error.split(':')[0]))).toEqual(
        new Set(['use_dpop_nonce']),
      );
    },
  );
});

describe.concurrent('tokens that are bound to a key', { timeout: 60_000 }, () => {
  test('R9: a token response without DPoP is refused, and bearer() refuses one with it', async () => {
    await using world = await startDpopWorld();
    const { auth, proofs } = world.manager();
    const bound = await world.login(proofs);
    expect(bound.token_type).toBe('DPoP');
    const bare = auth.signIn({ ...bound, token_type: 'Bearer' });
    await expect(bare).rejects.toMatchObject({ code: 'invalid-token-response' });
    const { auth: careless } = world.manager(proofs, { attach: undefined });
    await expect(careless.signIn(bound)).rejects.toMatchObject({ code: 'invalid-token-response' });
    expect([auth.tokens, careless.tokens]).toEqual([undefined, undefined]);
  });

  test('a stolen access token is refused with the key of the thief, for another URL, and without a proof', async () => {
    await using world = await startDpopWorld();
    const { api } = world;
    const { auth, proofs } = world.manager();
    await auth.signIn(await world.login(proofs));
    const url = `${api.url}/items/1`;
    expect((await auth.fetch(url)).status).toBe(200);
    const token = `${auth.tokens?.accessToken}`;
    const nonce = (await fetch(url)).headers.get('dpop-nonce') ?? '';
    const send = (proof: string) => fetch(url, { headers: { authorization: `DPoP ${token}`, dpop: proof } });

    const own = await generateKeyPair('ES256');
    expect((await send(await generateProof(own, url, 'GET', nonce, token))).status).toBe(401);
    expect(api.stats.refusals.key).toBe(1);
    expect((await fetch(url, { headers: { authorization: `Bearer ${token}` } })).status).toBe(401);

    // What the app itself signs for one URL opens no other.
    const request = {
      method: 'GET',
      url: `${api.url}/other`,
      tokens: auth.tokens ?? { accessToken: '', tokenType: '' },
    };
    const { DPoP = '' } = await proofs.headers(request);
    expect((await send(DPoP)).status).toBe(401);
    expect(api.stats.refusals.proof).toBe(1);
    const { DPoP: fit = '' } = await proofs.headers({ ...request, url: `${url}?query=1#fragment` });
    expect((await send(fit)).status).toBe(200);
    expect((await send(fit)).status, 'the same proof again').toBe(401);
    expect(api.stats.refusals.replay).toBe(1);
  });

  test('a stolen refresh token is refused with the key of the thief, and without a proof', async () => {
    await using world = await startDpopWorld();
    const { server, api } = world;
    const { auth, proofs } = world.manager();
    await auth.signIn(await world.login(proofs));
    const stolen = `${auth.tokens?.refreshToken}`;
    expect(await world.present(stolen)).toMatchObject({ status: 400, error: 'invalid_grant' });
    expect(await world.present(stolen, dpop('shop').wrap(fetch))).toMatchObject({
      status: 400,
      error: 'invalid_grant',
    });
    expect(server.stats.refreshes).toBe(0);
    // The app's own key still opens it.
    await auth.refresh();
    expect(await statuses(auth, api.url, 5)).toEqual(times(5, 200));
  });

  test('a new sign-in has a key of its own; one that is abandoned leaves the session its key', async () => {
    await using world = await startDpopWorld();
    const { api } = world;
    const { auth, proofs } = world.manager();
    const first = await world.login(proofs);
    await auth.signIn(first);
    const second = await world.login(proofs);
    expect(jktOf(first.access_token)).not.toBe(jktOf(second.access_token));
    api.deny(`${auth.tokens?.accessToken}`);
    expect(await statuses(auth, api.url, 3), 'refreshed with the old key').toEqual(times(3, 200));
    expect(jktOf(auth.tokens?.accessToken)).toBe(jktOf(first.access_token));

    await auth.signIn(second);
    await auth.refresh();
    expect(await statuses(auth, api.url, 3)).toEqual(times(3, 200));
    expect(jktOf(auth.tokens?.accessToken)).toBe(jktOf(second.access_token));
  });

  test('R35: a session whose key is lost ends once, and asks for a new sign-in', async () => {
    await using world = await startDpopWorld();
    const { api } = world;
    const { auth } = world.manager();
    const told = record(auth);
    await auth.signIn(await world.login(dpop('shop')));
    const ended = await Promise.allSettled(times(5, '/me').map((path) => auth.fetch(api.url + path)));
    const codes = ended.map((one) => one.status === 'rejected' && asTokenError(one.reason)?.code);
    expect(codes).toEqual(times(5, 'session-ended'));
    expect(told.over).toMatchObject([{ reason: 'ended' }]);
  });
});

/** RFC 9449 §6.1. */
const jktOf = (token: unknown): string =>
  JSON.parse(`${Buffer.from(`${token}`.split('.')[1] ?? '', 'base64url')}`).cnf.jkt;
