/** R50, R53: what stands in a store is damaged, of another client, or of another version. */
import { inspect } from 'node:util';
import type { TokenManagerOptions } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Cell, createCell } from '../support/ports.ts';
import { short } from '../support/recorder.ts';
import { createServer, during, openTab, openTabs, pass, refresh } from '../support/tabs.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

type Json = Record<string, unknown>;

const put = (cell: Cell, value: string, isTold = false) => cell.put({ version: 'by hand', value }, isTold);

/** The value that a sign-in leaves behind. */
async function goodValue(): Promise<Json> {
  const cell = createCell();
  const server = createServer();
  const { auth } = openTab(cell, server);
  await auth.signIn(server.login());
  auth.close();
  return cell.value as Json;
}

/** A tab that finds this when it opens. */
async function finding(value: string, options: Partial<TokenManagerOptions> = {}) {
  const cell = createCell();
  put(cell, value);
  const server = createServer();
  const tab = openTab(cell, server, options);
  await during(tab.auth.ready, 100);
  return { cell, server, tab };
}

const damages: [what: string, damage: (value: string) => string][] = [
  ['half a value', (value) => value.slice(0, value.length / 2)],
  ['no text at all', () => ''],
  ['no JSON', () => 'secret-token, not JSON'],
  ['null', () => 'null'],
  ['an array', () => '[]'],
  ['a text', () => '"secret-token"'],
  ['a number', () => '1'],
  ['somebody else’s object', () => '{"token":"secret-token"}'],
  ['zero bytes', () => '\u0000'],
];

describe('R53: what is no entry at all', () => {
  test.each(damages)(
    'R53: (%s) is reported, without quoting it, and replaced; it means signed out',
    async (_what, damage) => {
      const { cell, server, tab } = await finding(damage(JSON.stringify(await goodValue())));
      expect([tab.auth.status, await tab.send()]).toEqual(['signed-out', 401]);
      await pass(10_000);
      expect(short(tab.told)).toEqual(['store-failed read']);
      expect(inspect(tab.told, { depth: null, showHidden: true })).not.toContain('secret-token');
      expect(server.api).toEqual([undefined]);
      expect(cell.entry?.version).not.toBe('by hand');
      await tab.auth.signIn(server.login());
      const next = openTab(cell, server);
      expect([await next.send(), short(next.told)]).toEqual([200, ['signed-in restored']]);
      expect(vi.getTimerCount()).toBe(0);
    },
  );

  test.each(damages)(
    'R53: (%s) does not end a running session, which is written again',
    async (_what, damage) => {
      const { cell, server, tabs } = await openTabs(2);
      put(cell, damage(`${cell.entry?.value}`), true);
      expect(await Promise.all(tabs.map(({ send }) => send()))).toEqual([200, 200]);
      await pass(10_000);
      expect(cell.entry?.value).toContain('refresh-ann-1');
      server.deny();
      expect(await during(Promise.all(tabs.map(({ send }) => send())), 1_000)).toEqual([200, 200]);
      expect([server.presented.length, server.reused]).toEqual([1, []]);
      const next = openTab(cell, server);
      expect([await next.send(), next.auth.sessionId]).toEqual([200, tabs[0].auth.sessionId]);
    },
  );

  test('R53: whichever member is damaged, nothing hangs, the app can sign in, and the new session survives', {
    timeout: 30_000,
  }, async () => {
    const whole = await goodValue();
    const wrong = [null, '', 'x', -1, 0, 1.5, 1e300, true, [], {}, { x: 1 }, [null], [{}]];
    const damaged = wrong.flatMap((value) =>
      Object.entries(whole).flatMap(([name, member]): [string, unknown, Json][] => [
        [name, value, { ...whole, [name]: value }],
        ...Object.keys(Object(member) as Json).map((inner): [string, unknown, Json] => [
          `${name}.${inner}`,
          value,
          { ...whole, [name]: { ...(member as Json), [inner]: value } },
        ]),
      ]),
    );
    const broken: unknown[] = [];
    for (const [name, value, text] of damaged) {
      const { cell, server, tab } = await finding(JSON.stringify(text));
      const { token } = tab;
      const isWellFormed = token === undefined || (typeof token === 'string' && token !== '');
      const status = await during(tab.send(), 6_000);
      await during(tab.auth.signIn(server.login()), 6_000);
      await during(tab.auth.refresh(), 6_000);
      const next = openTab(cell, server);
      await during(next.auth.ready, 6_000);
      if (!isWellFormed || !next.token || next.token !== tab.token)
        broken.push([name, value, token, status, next.token]);
      for (const { auth } of [tab, next]) auth.close();
    }
    expect(damaged.length).toBeGreaterThan(100);
    expect(broken).toEqual([]);
  });

  test('R53: a moment of issue that is damaged makes no token that lives for ever', async () => {
    const whole = await goodValue();
    const forEver: unknown[] = [];
    for (const issuedAt of ['x', null, {}, true, 1e300]) {
      const { tab, server } = await finding(JSON.stringify({ ...whole, issuedAt }));
      await pass(4_000_000);
      await during(tab.send(), 6_000);
      if (server.api.includes('access-ann-1')) forEver.push(issuedAt);
    }
    expect(forEver).toEqual([]);
  });
});

const foreign: [what: string, change: (whole: Json) => Json, options?: Partial<TokenManagerOptions>][] = [
  ['of a newer version', (whole) => ({ ...whole, format: 9, secret: 'secret-token' })],
  ['of another client', (whole) => ({ ...whole, client: 'another' })],
];

describe.each(foreign)('R53: an entry %s', (_what, change) => {
  test('R53: is reported, without quoting it, and means signed out; it is left alone', async () => {
    const value = JSON.stringify(change(await goodValue()));
    const { cell, server, tab } = await finding(value);
    expect([tab.auth.status, tab.token, await tab.send()]).toEqual(['signed-out', undefined, 401]);
    expect(await tab.auth.refresh().catch(({ code }) => code)).toBe('session-ended');
    await pass(60_000);
    expect([cell.entry?.value, server.presented]).toEqual([value, []]);
    expect(short(tab.told)).toEqual(['store-failed read']);
    expect(inspect(tab.told, { depth: null, showHidden: true })).not.toMatch(/secret-token|access-|refresh-/);
  });

  test.each([true, false])('R53: is replaced by an explicit sign-in (%s) or sign-out', async (isSignIn) => {
    const { cell, server, tab } = await finding(JSON.stringify(change(await goodValue())));
    await (isSignIn ? tab.auth.signIn(server.login()) : tab.auth.signOut());
    expect(cell.entry?.value).not.toContain('secret-token');
    const next = openTab(cell, server);
    await next.auth.ready;
    expect([next.token, short(next.told)]).toEqual([tab.token, isSignIn ? ['signed-in restored'] : []]);
  });

  test('R53, R54: that a running session finds is left alone, and its refresh token is presented once at most', async () => {
    const { cell, server, tabs } = await openTabs(3);
    const value = JSON.stringify(change(cell.value as Json));
    put(cell, value, true);
    await pass();
    server.deny();
    await during(Promise.all(tabs.map(({ send }) => send())), 60_000);
    expect([server.reused, cell.entry?.value]).toEqual([[], value]);
    for (const { told } of tabs)
      expect(short(told).filter((event) => event === 'store-failed read')).toHaveLength(1);
  });
});

describe('R50: two managers of one store whose `refresh` says another id', () => {
  const of = (id: string) => ({ refresh: Object.assign(refresh.bind(undefined), { id }) });

  test('R50: leave each other’s session alone, and never carry or present each other’s tokens', async () => {
    const cell = createCell();
    const [shop, admin] = [createServer(), createServer()];
    const a = openTab(cell, shop, of('https://as.example.com shop'));
    await a.auth.signIn(shop.login('ann'));
    const b = openTab(cell, admin, of('https://as.example.com admin'));
    await during(b.auth.ready, 100);
    expect([b.auth.status, await b.send(), short(b.told)]).toEqual([
      'signed-out',
      401,
      ['store-failed read'],
    ]);
    await during(
      b.auth.refresh().catch(() => {}),
      60_000,
    );
    expect([admin.presented, await a.send()]).toEqual([[], 200]);
    await b.auth.signIn(admin.login('bob'));
    await pass(10_000);
    for (let round = 2; round; round--) {
      await during(Promise.all([a.send(), b.send()]), 60_000);
      shop.deny();
      admin.deny();
    }
    expect([...shop.api, ...shop.presented].join()).not.toContain('bob');
    expect([...admin.api, ...admin.presented].join()).not.toContain('ann');
    expect([await during(b.send(), 10_000), admin.reused]).toEqual([200, []]);
  });

  test('R50: the same id is the same client: the session is one', async () => {
    const cell = createCell();
    const server = createServer();
    const [a, b] = [openTab(cell, server, of('shop')), openTab(cell, server, of('shop'))];
    await a.auth.signIn(server.login());
    await pass();
    expect(b.token).toBe(a.token);
  });
});

test('R53: members that this version does not know are kept by what happens to the session', async () => {
  const { cell, server, tabs } = await openTabs(2);
  cell.edit({ future: { of: 'a newer version' } });
  await tabs[0].auth.refresh();
  expect(cell.value).toMatchObject({ future: { of: 'a newer version' } });
  server.isDown = true;
  await tabs[1].auth.refresh().catch(() => {});
  expect(cell.value).toMatchObject({ future: { of: 'a newer version' } });
});
