import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { TokenError } from '../../src/errors.ts';
import { setUp, statusAnswer, url } from '../support/auth-fetch.ts';
import { watchedBody } from '../support/bodies.ts';
import { held } from '../support/core.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

test('a fetch underneath that forgets the promise does no harm', async () => {
  const { authFetch } = setUp({ fetch: (() => statusAnswer(204)) as unknown as typeof fetch });
  expect((await authFetch(url)).status).toBe(204);
});

describe('a refusal', () => {
  test('R21, R25: is cured by one refresh, with fresh headers, and its body is cancelled', async () => {
    const { authFetch, headers, causes, server } = setUp({
      attach: { tokenTypes: [], headers: async ({ tokens }) => ({ 'x-token': tokens.accessToken }) },
    });
    const refused = watchedBody({ status: 401 });
    server.answer = (header) => (header === 't0' ? refused.response : statusAnswer(200));
    expect((await authFetch(url, { method: 'POST', body: 'x' })).status).toBe(200);
    expect([headers(), causes, refused.seen.cancelled]).toEqual([['t0', 't1'], ['rejected'], 1]);
  });

  test('R22: of a token that has been replaced meanwhile costs no refresh', async () => {
    const { authFetch, headers, causes, server, replace, refresher } = setUp();
    server.answer = async (header) => {
      if (header === 'newer') return statusAnswer(200);
      replace(held('newer'));
      return statusAnswer(401);
    };
    expect((await authFetch(url)).status).toBe(200);
    expect([headers(), causes]).toEqual([['t0', 'newer'], []]);
    expect(refresher.obtain).toHaveBeenCalledOnce();
  });

  test('R32: of a session that is over is not cured with the next one’s token', async () => {
    const { authFetch, headers, server, signIn, refresher } = setUp();
    vi.mocked(refresher.obtain).mockImplementation(async ({ over }) => {
      throw over.reason;
    });
    server.answer = () => {
      signIn(held('somebody else'), 'b');
      return statusAnswer(401);
    };
    await expect(authFetch(url)).rejects.toMatchObject({ code: 'session-changed' });
    expect(headers()).toEqual(['t0']);
  });

  test('R23: that survives the refresh is returned, and the next one costs none until an answer accepts', async () => {
    const { authFetch, headers, causes, server } = setUp();
    server.good = 'none';
    expect((await authFetch(url)).status).toBe(401);
    expect((await authFetch(url)).status).toBe(401);
    expect([headers(), causes.length]).toEqual([['t0', 't1', 't1'], 1]);
    server.good = 't1';
    await authFetch(url);
    server.good = 't2';
    expect((await authFetch(url)).status).toBe(200);
  });

  test.each<[what: string, next: ReturnType<typeof held>, isIssuedHere: boolean]>([
    ['another context has brought', held('dead'), false],
    ['had expired by then', held('dead', { expiresAt: -1 }), true],
  ])(
    'R23: of a token that %s marks nothing; what came from elsewhere is refreshed for the same request',
    async (_what, next, isIssuedHere) => {
      const { authFetch, server, replace, refresher, causes } = setUp();
      vi.mocked(refresher.renew).mockImplementationOnce(async (session) => {
        if (isIssuedHere) session.issued = 'dead';
        replace(next);
      });
      server.good = 't1';
      if (isIssuedHere) expect((await authFetch(url)).status).toBe(401);
      expect((await authFetch(url)).status).toBe(200);
      expect(causes).toEqual(['rejected']);
    },
  );

  test.each([true, false])(
    'R24: of a stream is returned after a refresh, good (%s) or not',
    async (isGood) => {
      const { authFetch, causes, server, refresher, headers } = setUp();
      if (!isGood) refresher.renew = () => Promise.reject(new TokenError('refresh-failed'));
      server.good = 't1';
      const init = { method: 'POST', body: new ReadableStream(), duplex: 'half' } as const;
      expect((await authFetch(url, init)).status).toBe(401);
      expect([headers(), causes.length]).toEqual([['t0'], isGood ? 1 : 0]);
    },
  );

  test('R20: is what `isRejected` finds', async () => {
    const isRejected = async (copy: Response) => (await copy.text()) === 'expired';
    const { authFetch, causes, server } = setUp({ isRejected });
    server.answer = (header) => new Response(header === 't0' ? 'expired' : 'fine');
    expect([await (await authFetch(url)).text(), causes]).toEqual(['fine', ['rejected']]);
  });
});

test('R27: an attach may ask for one more try, once, and not of a session that is over', async () => {
  const onResponse = vi.fn((_response: Response): 'retry' => 'retry');
  const attach = { tokenTypes: [], headers: () => ({ 'x-token': 't0' }), onResponse };
  const { authFetch, headers, signOut } = setUp({ attach });
  expect((await authFetch(url)).ok).toBe(true);
  expect(headers()).toEqual(['t0', 't0']);
  onResponse.mockImplementation(() => {
    signOut();
    return 'retry';
  });
  await expect(authFetch(url)).rejects.toMatchObject({ code: 'session-changed' });
});
