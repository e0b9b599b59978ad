import { type Attach, bearer, type TokenResponse } from 'evertoken';
import { expect, test } from 'vitest';
import { record, signedIn } from '../support/attach.ts';
import { API, createManager, createWorld, TOKEN_ENDPOINT } from '../support/world.ts';

const unserved = { name: 'TokenError', code: 'invalid-token-response' };

test.each([['mac'], ['DPoP'], ['N_A'], ['bearer2'], ['Bearer '], ['bearer,mac'], [1], [{}], [true]])(
  'R9: token_type %j is refused at signIn, by name, and a running session goes on',
  async (type) => {
    const world = createWorld();
    const auth = await signedIn(world);
    const said = record(auth);
    const { tokens, sessionId } = auth;
    for (const answer of [
      { access_token: 'other', token_type: type },
      { accessToken: 'other', tokenType: type },
    ]) {
      const error = await auth.signIn(answer as TokenResponse).catch((error) => error);
      expect(error).toMatchObject(unserved);
      expect(error.message).toMatch(/token_?type/i);
      expect(error.message).toMatch(/bearer/i);
      expect(error.message).not.toContain('other');
    }
    expect(auth.tokens).toBe(tokens);
    expect(auth.sessionId).toBe(sessionId);
    expect(said).toEqual([]);
    await auth.fetch(API);
    expect(world.api[0]?.authorization).toBe('Bearer access-0');
  },
);

test('R9: refused while signed out, nobody is signed in', async () => {
  const auth = createManager(createWorld());
  await expect(auth.signIn({ access_token: 'a', token_type: 'mac' })).rejects.toMatchObject(unserved);
  expect([auth.tokens, auth.sessionId]).toEqual([undefined, undefined]);
});

test.each([['bearer'], ['BEARER'], ['Bearer'], [undefined], [null]])(
  'R9: token_type %j is served by bearer()',
  async (type) => {
    const world = createWorld();
    const auth = createManager(world);
    await auth.signIn({ access_token: 'a', token_type: type } as TokenResponse);
    expect(auth.tokens?.tokenType).toBe(type ?? 'Bearer');
    await auth.fetch(API);
    expect(world.api[0]?.authorization).toBe('Bearer a');
  },
);

test('R9: what an attach of the user serves is for it to say', async () => {
  const attach: Attach = {
    tokenTypes: ['mac'],
    headers: ({ method, url, tokens }) => ({ authorization: `MAC ${method} ${url} ${tokens.accessToken}` }),
  };
  const world = createWorld();
  const auth = createManager(world, { attach });
  await expect(auth.signIn({ access_token: 'a', token_type: 'Bearer' })).rejects.toMatchObject(unserved);
  await auth.signIn({ access_token: 'a', token_type: 'MAC' });
  await auth.fetch(`${API}/x?q=1#frag`, { method: 'put' });
  expect(world.api[0]?.authorization).toBe(`MAC PUT ${API}/x?q=1 a`);
});

test('R9: the scheme that bearer() was given is served under its own name', async () => {
  const world = createWorld();
  const auth = createManager(world, { attach: bearer({ scheme: 'Token' }) });
  await auth.signIn({ access_token: 'a', token_type: 'token' });
  await auth.fetch(API);
  expect(world.api[0]?.authorization).toBe('Token a');
});

test('R9: in a refresh it changes nothing and fails as "not now", its cause says why', async () => {
  const world = createWorld();
  const auth = await signedIn(world);
  const said = record(auth);
  const { tokens, sessionId } = auth;
  world.answerRefresh = () =>
    Response.json({ access_token: 'other', token_type: 'mac', refresh_token: 'rotated' });
  const error = await auth.refresh().catch((error) => error);
  expect(error).toMatchObject({ code: 'refresh-failed', cause: unserved });
  expect(auth.tokens).toBe(tokens);
  expect(said).toMatchObject([['refresh-failed', { sessionId }]]);
  await auth.fetch(API);
  expect(world.api.at(-1)?.authorization).toBe('Bearer access-0');
});

test('R9: in a capture it changes nothing, and the caller gets the response', async () => {
  const world = createWorld();
  const auth = await signedIn(world, { capture: [{ url: `${API}/password` }] });
  const { tokens } = auth;
  world.answerApi = () => Response.json({ access_token: 'other', token_type: 'mac' });
  const reported: unknown[] = [];
  const original = console.error;
  console.error = (error: unknown) => reported.push(error);
  const response = await auth.fetch(`${API}/password`, { method: 'POST' });
  console.error = original;
  expect(await response.json()).toEqual({ access_token: 'other', token_type: 'mac' });
  expect(auth.tokens).toBe(tokens);
  expect(JSON.stringify(reported)).not.toContain('other');
});

test('R9: a cookie session that cannot be attached is not signed in', async () => {
  const world = createWorld();
  world.answerRefresh = () => Response.json({ access_token: 'a', token_type: 'mac' });
  const refresh = Object.assign(
    async ({ fetch }: { fetch: typeof globalThis.fetch }) => (await fetch(TOKEN_ENDPOINT)).json(),
    { withoutRefreshToken: true },
  );
  const auth = createManager(world, { refresh });
  await expect(auth.fetch(API)).rejects.toMatchObject({ code: 'refresh-failed', cause: unserved });
  expect(auth.sessionId).toBeUndefined();
  expect(world.api).toHaveLength(0);
});
