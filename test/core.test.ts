/** What the parts of one manager share. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { TokenManagerOptions } from '../src/api.ts';
import { Core } from '../src/core.ts';
import { readOptions } from '../src/options.ts';
import { login } from './support/refresh.ts';
import { API } from './support/world.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

const create = (options: Partial<TokenManagerOptions> = {}) =>
  new Core(readOptions({ allow: API, refresh: async () => login(), ...options }));

test('no manager has functions of its own but those of the user: ten thousand fit into a server', () => {
  const given = ['refresh', 'isRejected', 'revoke'];
  const core = create({ isRejected: () => false, revoke: async () => {}, fetch: async () => new Response() });
  const own = Object.entries(core).filter(([, value]) => typeof value === 'function');
  expect(own.map(([name]) => name).sort()).toEqual(given.sort());
  expect(Object.keys(core.sharing).concat(Object.keys(core.coolDown))).toEqual([]);
});

describe('R70: what is told', () => {
  test('holds no token that was seen: neither those of before, nor one that was refused', () => {
    const core = create();
    core.accept(login({ access_token: 'access-0' }), 0);
    core.accept(login({ access_token: 'access-1' }), 0);
    for (const token of ['access-0', 'access-1', 'refresh-0'])
      expect(core.summarize(new Error(`bad ${token}`), 'hidden').message).toBe('hidden');
    expect(core.summarize(new Error('bad access-2'), 'hidden').message).toBe('bad access-2');
  });

  test('is reported as a summary', () => {
    const reported = vi.fn();
    vi.stubGlobal('reportError', reported);
    create().report(Object.assign(new RangeError('offline'), { config: { headers: {} } }));
    const [[error]] = reported.mock.calls as [[Error]];
    expect([error.name, error.message, 'config' in error]).toEqual(['RangeError', 'offline', false]);
  });
});

test('R37: an answer whose members cannot be read is no token response', () => {
  const answer = Object.defineProperty({}, 'access_token', {
    enumerable: true,
    get() {
      throw new Error('mine');
    },
  });
  expect(() => create().accept(answer, 0)).toThrow(
    expect.objectContaining({ code: 'invalid-token-response' }),
  );
});

test('R14: the fetch underneath is looked up at each use', async () => {
  const core = create();
  const patched = vi.fn(async () => new Response());
  vi.stubGlobal('fetch', patched);
  await core.fetch(API, { method: 'PUT' });
  expect(patched).toHaveBeenCalledExactlyOnceWith(API, { method: 'PUT' });
});

test('R34: a revocation that hangs is given up, reported, and rejects to nobody', async () => {
  const reported = vi.fn();
  vi.stubGlobal('reportError', reported);
  const revoked = create({ revoke: () => new Promise(() => {}) }).revokeTokens(undefined);
  await vi.advanceTimersByTimeAsync(15_000);
  await revoked;
  expect(reported).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ name: 'TimeoutError' }));
});

test('R8: it is unknown who is signed in until the server of a cookie has answered; finding out tells', async () => {
  const core = create({ refresh: Object.assign(async () => login(), { withoutRefreshToken: true }) });
  const told = vi.fn();
  core.on('*', told);
  expect(core.status()).toBe('unknown');
  await core.find();
  expect([core.status(), told.mock.calls]).toMatchObject([
    'signed-in',
    [['signed-in', { cause: 'restored' }]],
  ]);
});
