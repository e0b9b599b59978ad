/** Tokens bound to a key at a real authorization server and a real API, with nonces, in real time; and their thieves. */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { generateKeyPair, generateProof } from 'dpop';
import { asTokenError } from 'evertoken';
import { dpop } from 'evertoken/dpop';
import { describe, expect, test } from 'vitest';
import { startDpopWorld } from '../support/dpop-world.ts';
import { record, statuses, times } from '../support/loopback.ts';
import { driveWorkers } from '../support/workers.ts';

describe.concurrent('tokens that are bound to a key', { timeout: 30_000 }, () => {
  test.for([
    { judge: 'the client', refreshAhead: undefined, cause: 'ahead' },
    { judge: 'the server', refreshAhead: false, cause: 'rejected' },
  ] as const)(
    'R27, R31: 800 requests over several lives, expiry judged by $judge: no failure, no reuse, one refresh for each life',
    async ({ refreshAhead, cause }) => {
      await using world = await startDpopWorld(2);
      const { server, api } = world;
      const { auth, proofs } = world.manager(dpop(), { refreshAhead });
      const told = record(auth);
      await auth.signIn(await world.login(proofs));
      const began = Date.now();
      const stalls = monitorEventLoopDelay({ resolution: 5 });
      stalls.enable();
      const { failures, answered, endedAt } = await driveWorkers({
        workers: 20,
        requests: 800,
        pace: 10,
        send: (number, init) => auth.fetch(`${api.url}/items/${number}`, init),
      });

      expect({ failures, answered }).toEqual({ failures: [], answered: 800 });
      expect(api.stats.accepted).toBe(800);
      // Each life is 1.5 s by the client's judgement, and 2 to 3 s by the server's, which counts whole seconds.
      const lives = (endedAt - began) / (cause === 'ahead' ? 1500 : 2000);
      expect(told.refreshed.length).toBeGreaterThanOrEqual(cause === 'ahead' ? 3 : 2);
      expect(told.refreshed.length).toBeLessThanOrEqual(Math.ceil(lives));
      expect(told.failed).toEqual([]);
      // Nonces that ran out were answered, and none of them was taken for a refused token.
      stalls.disable();
      // On a starved machine a token may die on the way.
      const isCalm = stalls.max / 1e6 < 100;
      const causes = told.refreshed.map((event) => event.cause);
      if (isCalm) expect(causes).toEqual(times(told.refreshed.length, cause));
      expect(api.stats.refusals.nonce).toBeGreaterThanOrEqual(1);
      const { nonce, token = 0, ...others } = api.stats.refusals;
      expect(others).toEqual({});
      if (isCalm) expect(token > 0).toBe(cause === 'rejected');
      // A nonce challenge of the authorization server is no refresh that failed, and spends nothing.
      expect(server.stats).toMatchObject({ refreshes: told.refreshed.length, reuse: 0 });
      expect(new Set(server.stats.errors.map((error) => error.split(':')[0]))).toEqual(
        new Set(['use_dpop_nonce']),
      );
    },
  );

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
    expect(await world.present(stolen, dpop().wrap(fetch))).toMatchObject({
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
    await auth.signIn(await world.login(dpop()));
    const ended = await Promise.allSettled(times(5, '/me').map((path) => auth.fetch(api.url + path)));
    const codes = ended.map((one) => one.status === 'rejected' && asTokenError(one.reason)?.code);
    expect(codes).toEqual(times(5, 'session-ended'));
    expect(told.over).toMatchObject([{ reason: 'ended' }]);
  });
});

/** RFC 9449 §6.1. */
const jktOf = (token: unknown): string =>
  JSON.parse(`${Buffer.from(`${token}`.split('.')[1] ?? '', 'base64url')}`).cnf.jkt;
