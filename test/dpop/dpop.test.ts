/** Sender-constrained tokens from the app's side, over stubbed servers. */
import { createTokenManager, memoryStore, refreshEndpoint } from 'evertoken';
import { calculateJwkThumbprint, decodeProtectedHeader } from 'jose';
import { beforeEach, expect, test, vi } from 'vitest';
import { type Dpop, dpop } from '../../src/dpop/index.ts';
import { dump, type FakeDatabases, stubIndexedDb } from '../support/databases.ts';
import { generateKeyPair, thumbprintOf } from '../support/dpop-keys.ts';
import { API, createWorld, type Seen, TOKEN_ENDPOINT, type World } from '../support/world.ts';

let fake: FakeDatabases;
beforeEach(() => {
  fake = stubIndexedDb();
});

const jktOf = ({ headers }: Seen): Promise<string> =>
  calculateJwkThumbprint(decodeProtectedHeader(`${headers.get('dpop')}`).jwk ?? {});

function createDpopWorld(): World {
  const world = createWorld();
  world.answerApi = () => Response.json({});
  world.answerRefresh = (_request, count) =>
    Response.json({
      access_token: `a${count}`,
      refresh_token: `r${count}`,
      token_type: 'DPoP',
      expires_in: 3600,
    });
  return world;
}

/** A page that is opened. */
function open(world: World, proofs: Dpop = dpop('shop'), own = {}) {
  const refresh = proofs.refresh(refreshEndpoint({ url: TOKEN_ENDPOINT, clientId: 'spa' }));
  const auth = createTokenManager({ refresh, allow: API, attach: proofs, fetch: world.fetch, ...own });
  proofs.follow(auth);
  return { auth, proofs };
}

const exchange = async (world: World, proofs: Dpop, jkt?: string) => {
  const body = new URLSearchParams({ grant_type: 'authorization_code', code: 'secret-code' });
  return (await proofs.wrap(world.fetch, jkt)(TOKEN_ENDPOINT, { method: 'POST', body })).json();
};

test('a session keeps its key over refreshes and a reload, and takes it along when it ends', async () => {
  const world = createDpopWorld();
  const shared = { store: memoryStore() };
  const { auth, proofs } = open(world, dpop('shop'), shared);
  await auth.signIn(await exchange(world, proofs));
  await auth.fetch(`${API}/me?q=1`);
  await auth.refresh();
  auth.close();

  const { auth: next } = open(world, dpop('shop'), shared);
  await next.fetch(`${API}/me`);
  await next.refresh();
  const jkts = await Promise.all([...world.refreshes, ...world.api].map(jktOf));
  expect([jkts.length, new Set(jkts).size]).toEqual([5, 1]);
  await next.signOut();
  await vi.waitFor(async () => expect(await dump(fake.factory)).toContainEqual(['shop', []]));
});

test('R3: a request with a DPoP header of its own is left alone', async () => {
  const world = createDpopWorld();
  const { auth, proofs } = open(world);
  await auth.signIn(await exchange(world, proofs));
  await auth.fetch(`${API}/me`, { headers: { dpop: 'own' } });
  expect(world.api).toMatchObject([{ authorization: null }]);
  expect(world.api[0]?.headers.get('dpop')).toBe('own');
});

test('R6: neither token nor proof follows a redirect', async () => {
  const world = createDpopWorld();
  const inits: (RequestInit | undefined)[] = [];
  const { auth, proofs } = open(world, dpop('shop'), {
    fetch: async (input: RequestInfo | URL, init?: RequestInit) => {
      inits.push(init);
      return world.fetch(input, init);
    },
  });
  await auth.signIn(await exchange(world, proofs));
  await auth.fetch(`${API}/me`);
  expect(inits).toMatchObject([{ redirect: 'error' }]);
});

test('R27, R35: a nonce that the token endpoint asks for costs no retry and no refresh', async () => {
  const world = createDpopWorld();
  const { auth, proofs } = open(world);
  await auth.signIn(await exchange(world, proofs));
  const { answerRefresh } = world;
  world.answerRefresh = (request, count) =>
    count % 2
      ? answerRefresh(request, count)
      : Response.json({ error: 'use_dpop_nonce' }, { status: 400, headers: { 'dpop-nonce': `n${count}` } });
  const told: string[] = [];
  auth.on('*', (...[event]) => void told.push(event));
  await auth.refresh();
  expect([world.refreshes.length, told]).toEqual([3, ['token-refreshed']]);
});

test('a refresh without tokens has the key that was bound last, and says that it needs none', async () => {
  const world = createDpopWorld();
  const proofs = dpop('shop');
  await exchange(world, proofs);
  const refresh = proofs.refresh(refreshEndpoint({ url: TOKEN_ENDPOINT, format: 'cookie' }));
  expect(refresh.withoutRefreshToken).toBe(true);
  await refresh({ tokens: undefined, signal: AbortSignal.timeout(1_000), fetch: world.fetch });
  const [first, second] = await Promise.all(world.refreshes.map(jktOf));
  expect(second).toBe(first);
});

test('RFC 9449 §10: the code is exchanged with the key whose thumbprint was announced', async () => {
  const world = createDpopWorld();
  const jkt = await dpop('shop').thumbprint();
  await exchange(world, dpop('shop'), jkt);
  await exchange(world, dpop('shop'));
  const [announced, other] = await Promise.all(world.refreshes.map(jktOf));
  expect(announced).toBe(jkt);
  expect(other).not.toBe(jkt);
});

test('a key pair of the app is used for everything', async () => {
  const world = createDpopWorld();
  const keyPair = await generateKeyPair();
  const { auth, proofs } = open(world, dpop('service', { keyPair }));
  await auth.signIn(await exchange(world, proofs));
  await auth.fetch(`${API}/me`);
  const jkts = await Promise.all([...world.refreshes, ...world.api].map(jktOf));
  expect(new Set(jkts)).toEqual(new Set([await thumbprintOf({ pair: keyPair })]));
});

test('keys that cannot be read fail the request, and the next one asks again', async () => {
  const proofs = dpop('shop');
  const request = { method: 'GET', url: API, tokens: { accessToken: 'a', tokenType: 'DPoP' } };
  const spy = vi.spyOn(fake.factory, 'open').mockImplementation(() => {
    throw Object.assign(new Error('aborted'), { type: 'abort' });
  });
  await expect(proofs.headers(request)).rejects.toThrow('IndexedDB fails');
  spy.mockRestore();
  expect(await proofs.headers(request)).toMatchObject({ authorization: 'DPoP a' });
});

test('R50: two apps on one origin have keys of their own, also with one and the same token', async () => {
  const world = createDpopWorld();
  const [shop, forum] = [dpop('shop'), dpop('forum')];
  const body = await exchange(world, shop);
  const request = {
    ...{ method: 'GET', url: API },
    tokens: { accessToken: body.access_token, refreshToken: body.refresh_token, tokenType: 'DPoP' },
  };
  const jkts = [world.refreshes[0] as Seen];
  for (const proofs of [shop, forum])
    jkts.push({ headers: new Headers(await proofs.headers({ ...request })) } as Seen);
  const [bound, own, other] = await Promise.all(jkts.map(jktOf));
  expect(own).toBe(bound);
  expect(other).not.toBe(bound);
});

test.each([[undefined], [''], [{ alg: 'ES256' }]])('R50: the name %j is a TypeError', (name) => {
  expect(() => dpop(name as unknown as string)).toThrow(TypeError);
});

test('where nothing can be signed it says what to do', () => {
  vi.stubGlobal('crypto', {});
  expect(() => dpop('shop')).toThrow('evertoken: dpop() needs https (crypto.subtle)');
});

test('R37: what a page put on Object.prototype is no option, and no token of a session', async () => {
  const world = createDpopWorld();
  const polluted = {
    keyPair: 'polluted',
    alg: 'polluted',
    refreshToken: 'polluted',
    accessToken: 'polluted',
  };
  world.answerRefresh = (_request, count) => Response.json({ access_token: `a${count}`, token_type: 'DPoP' });
  Object.assign(Object.prototype, polluted);
  try {
    const proofs = dpop('shop');
    const headers = [];
    for (const round of [1, 2]) {
      await exchange(world, proofs);
      const tokens = { accessToken: `a${round}`, tokenType: 'DPoP' };
      headers.push(await proofs.headers({ method: 'GET', url: API, tokens }));
    }
    const seen = headers.map((one) => ({ headers: new Headers(one) }) as Seen);
    // Each session has its own key.
    const [first, second, ...bound] = await Promise.all([...seen, ...world.refreshes].map(jktOf));
    expect([first, second]).toEqual(bound);
    expect(first).not.toBe(second);
  } finally {
    for (const name of Object.keys(polluted)) Reflect.deleteProperty(Object.prototype, name);
  }
});

test.for([
  ['', undefined, 'needs the name of the app'],
  [Object.create(null), undefined, 'needs the name of the app'],
  [Symbol('shop'), undefined, 'needs the name of the app'],
  ['shop', { alg: 'HS256' }, 'has no alg HS256; it has ES256,Ed25519,RS256,PS256'],
  ['shop', { keyPair: 'x' }, 'needs a CryptoKeyPair as keyPair'],
  ['shop', { keyPair: null }, 'needs a CryptoKeyPair as keyPair'],
  ...(__DEVELOPMENT__
    ? ([
        ['shop', { keypair: {} }, "has no option keypair; 'keyPair', perhaps; known are alg,keyPair"],
      ] as const)
    : []),
] as const)('what is wrong is a TypeError at creation: %#', ([name, options, message]) => {
  expect(() => dpop(name as never, options as never)).toThrow(new TypeError(`evertoken: dpop() ${message}`));
});
