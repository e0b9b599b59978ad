/** What the development build says: run where it is one. */
import {
  bearer,
  keyValueStore,
  memoryStore,
  type Refresh,
  TokenError,
  type TokenManager,
  webStore,
} from 'evertoken';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createRecorded, createRecorder, thrownBy } from './support/attach.ts';
import { polluted } from './support/polluted.ts';
import { API, unauthorized } from './support/world.ts';

const program = globalThis as Record<symbol, unknown>;
const keys = [Symbol.for('evertoken.development'), Symbol.for('evertoken.devtools')];
let warned: string[] = [];

beforeEach(() => {
  for (const key of keys) delete program[key];
  warned = [];
  vi.spyOn(console, 'warn').mockImplementation((text: string) => void warned.push(text));
});
afterEach(() => void vi.unstubAllGlobals());

const refresh: Refresh = async () => ({ access_token: 'new', refresh_token: 'r', expires_in: 300 });

async function open(options: Parameters<typeof createRecorded>[1] = {}, answer = () => new Response('ok')) {
  const auth = createRecorded(createRecorder(answer), { refresh, ...options });
  onTestFinished(() => auth.close());
  await auth.signIn({ access_token: 'secret', refresh_token: 'hush', expires_in: 300 });
  return auth;
}

/** One warning, of one sentence with what to do, and no more when it happens again. */
async function expectOne(said: RegExp, act: () => unknown) {
  for (let count = 0; count < 2; count++) await act();
  await new Promise((resolve) => setTimeout(resolve));
  expect(warned).toHaveLength(1);
  expect(warned[0]).toMatch(/^\[evertoken\] /);
  expect(warned[0]).toMatch(said);
  expect(warned[0]).not.toMatch(/secret|hush/);
}

describe.runIf(__DEVELOPMENT__)('R73: the development build warns once of', () => {
  test('a 401 without our token because no rule fits, and says which one nearly does', async () => {
    const auth = await open({ allow: 'http://127.0.0.1:3000' }, () => unauthorized());
    await expectOne(/localhost:3000.*no rule.*"http:\/\/127\.0\.0\.1:3000" differs only by its host/, () =>
      auth.fetch('http://localhost:3000/me?secret=1'),
    );
  });

  test('a header of the caller’s own', async () => {
    const auth = await open();
    await expectOne(/replace: true/, () =>
      auth.fetch(API, { headers: { authorization: 'Bearer secret-sdk' } }),
    );
  });

  test('plain http that a predicate is not asked about', async () => {
    const auth = await open({ allow: () => true });
    await expectOne(/plain http/, () => auth.fetch('http://api.example.com/x'));
  });

  test('an `expires_in` that looks like milliseconds', async () => {
    const auth = await open();
    await expectOne(/3600000 seconds.*milliseconds/, () =>
      auth.signIn({ access_token: 'secret2', expires_in: 3_600_000 }),
    );
  });

  test('the same in what `refresh` answers', async () => {
    const auth = await open({ refresh: async () => ({ access_token: 'x', expires_in: 900_000 }) });
    await expectOne(/milliseconds/, () => auth.refresh());
  });

  test('a token that begins with "Bearer "', async () => {
    const auth = await open();
    await expectOne(/begins with "Bearer "/, () => auth.signIn({ access_token: 'Bearer secret2' }));
  });

  test('a freshly issued token that is refused', async () => {
    const auth = await open({}, () => unauthorized());
    await expectOne(/audience/, () => auth.fetch(API));
  });

  test('a `read` that found nothing', async () => {
    const auth = await open({ capture: [{ url: API, read: () => undefined }] });
    await expectOne(/`read`/, () => auth.fetch(API));
  });

  test('no number of managers over one store on a server, which makes one for each request', () => {
    const store = memoryStore();
    for (const _ of [1, 2, 3, 4]) onTestFinished(createRecorded(createRecorder(), { store }).close);
    expect(warned).toEqual([]);
  });

  test('a third open manager on one store in a page, also by name', async () => {
    vi.stubGlobal('document', {});
    const store = memoryStore();
    const make = (own = store) => createRecorded(createRecorder(), { store: own });
    const managers = [make(), make()];
    expect(warned).toEqual([]);
    managers.push(make());
    expect(warned.join()).toMatch(/import\.meta\.hot\.data/);
    for (const auth of managers) auth.close();
    for (const key of keys) delete program[key];
    warned = [];
    const three = [1, 2, 3].map(() => make(webStore('shop')));
    expect(warned).toHaveLength(1);
    for (const auth of three) auth.close();
    make(webStore('shop')).close();
    expect(warned).toHaveLength(1);
  });

  test('a misspelt event', async () => {
    const auth = await open();
    await expectOne(/"signed-out"/, () => auth.on('signedout' as never, () => {}));
  });

  test('a marked `refresh` without a store in a page', async () => {
    vi.stubGlobal('document', new EventTarget());
    const marked = Object.assign(async () => ({}), { withoutRefreshToken: true });
    await expectOne(/cookieStore/, () => createRecorded(createRecorder(), { refresh: marked }).close());
  });

  test('an entry of a `keyValueStore` that moved by itself', async () => {
    const items = new Map<string, string>();
    const storage = {
      getItem: (key: string) => items.get(key) ?? null,
      setItem: (key: string, value: string) => void items.set(key, value),
      removeItem: (key: string) => void items.delete(key),
    };
    const auth = await open({ store: keyValueStore('moved', storage) });
    items.set(
      'moved',
      JSON.stringify({ ...JSON.parse(items.get('moved') ?? ''), version: 'of another tab' }),
    );
    await auth.refresh();
    expect(warned.join()).toMatch(/keyValueStore\("moved"\)/);
  });

  test('nothing, where nothing is wrong', async () => {
    const auth = await open();
    await auth.fetch(API);
    await auth.refresh();
    await auth.signOut();
    expect(warned).toEqual([]);
  });
});

test('R73: what the development build cannot look at goes the way of the other build', async () => {
  const auth = await open({ fetch: async () => new Response('ok') });
  for (const access_token of [Object.create(null), Symbol('hush')])
    await expect(auth.signIn({ access_token })).rejects.toMatchObject({ code: 'invalid-token-response' });
  expect((await auth.fetch(undefined as never)).status).toBe(200);
  expect(auth.on(Symbol('hush') as never, () => {})).toBeTypeOf('function');
});

test.runIf(__DEVELOPMENT__)('a misspelt option is named together with the one that was meant', () => {
  expect(thrownBy(() => createRecorded(createRecorder(), { storge: 1 } as never)).message).toMatch(
    /storge.*'store', perhaps/,
  );
});

describe('R73: the production build', () => {
  test.runIf(!__DEVELOPMENT__)('warns of nothing, and announces nothing', async () => {
    const auth: TokenManager = await open({ allow: () => true }, () => unauthorized());
    await auth.fetch('http://api.example.com/x');
    await auth.fetch(API, { headers: { authorization: 'own' } });
    expect([warned, program[Symbol.for('evertoken.devtools')]]).toEqual([[], undefined]);
  });

  test('has whole messages in its errors all the same', async () => {
    const ended: Refresh = async () => {
      throw new TokenError('session-ended');
    };
    const auth = await open({ refresh: ended, attach: bearer() });
    await expect(auth.refresh()).rejects.toThrow('sign in again');
  });
});

test('R37: what a page put on Object.prototype is no option of the development build either', async () => {
  const token = await polluted({ capture: 'x', store: 'x' }, async () => (await open()).getAccessToken());
  expect(token).toBe('secret');
});
