import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { TokenError } from '../../src/errors.ts';
import { type AuthFetchParts, createAuthFetch } from '../../src/request/auth-fetch.ts';
import { createCoolDown } from '../../src/request/cool-down.ts';
import type { Refresher } from '../../src/session/refresher.ts';
import { watchedBody } from '../support/bodies.ts';
import { createCore, held } from '../support/core.ts';
import { follow } from '../support/recorder.ts';
import { settle } from '../support/refresh.ts';
import { deferred } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

const url = 'https://api.example.com/me?q=1#top';
const statusAnswer = (status: number) => new Response(null, { status });

interface Server {
  good: string;
  answer?: (header: string | null) => Response | Promise<Response>;
}

/** Signed in with `t0`; each refresh brings the next token; `answer` is the server, which takes `good`. */
function setUp(parts: Partial<AuthFetchParts> = {}) {
  const sent: [header: string | null, init: RequestInit | undefined][] = [];
  const causes: string[] = [];
  const server: Server = { good: 't0' };
  const core = createCore('t0');
  const { sessions, told } = core;
  const refresher: Refresher = {
    renew: vi.fn(async (session, cause) => {
      causes.push(cause);
      session.issued = `t${causes.length}`;
      core.replace(held(session.issued));
    }),
    obtain: vi.fn(async (session) => session.state.held),
  };
  const send = async (input: RequestInfo | URL, init?: RequestInit) => {
    const header = new Headers(init?.headers ?? (input as Request).headers).get('x-token');
    sent.push([header, init]);
    return server.answer?.(header) ?? statusAnswer(header === server.good ? 200 : 401);
  };
  const sharing = { ...core.sharing, isOpening: false };
  const authFetch = createAuthFetch({
    allow: ({ origin }) => origin === 'https://api.example.com',
    attach: { tokenTypes: [], headers: ({ tokens }) => ({ 'x-token': tokens.accessToken }) },
    ...{ sessions, sharing, capture: undefined, fetch: send, isRejected: undefined },
    coolDown: createCoolDown(),
    renew: (session, cause) => refresher.renew(session, cause),
    obtain: (session) => refresher.obtain(session),
    settled: async () => sessions.current,
    add: (...entry) => told.push(entry),
    flush() {},
    ...parts,
  });
  const headers = () => sent.map(([header]) => header);
  return { ...core, authFetch, sent, headers, causes, server, refresher, sharing };
}

describe('left alone', () => {
  test('R2, R3: other URLs, no URLs, and requests that bring the header themselves', async () => {
    const { authFetch, sent, refresher } = setUp();
    const own = { headers: { 'X-Token': 'own' } };
    const theirs = { headers: { Authorization: 'Basic x' } };
    expect((await authFetch('https://evil.test/', theirs)).status).toBe(401);
    await authFetch('/relative');
    await authFetch(new Request('https://evil.test/'));
    await authFetch(url, theirs);
    await authFetch(url, own);
    const untouched = [theirs, undefined, undefined, theirs];
    expect(sent.map(([header, init]) => header ?? init)).toEqual([...untouched, 'own']);
    expect(refresher.obtain).not.toHaveBeenCalled();
  });

  test('R3: a request with its own header causes no refresh of a token that is due', async () => {
    const { authFetch, signIn, refresher, headers } = setUp();
    signIn(held('t0', { aheadAt: -1 }), 'b');
    await authFetch(url, { headers: { 'x-token': 'own' } });
    expect([headers(), vi.mocked(refresher.obtain).mock.calls]).toEqual([['own'], []]);
  });

  test('R5: signed out, a request goes out without the header, and its 401 is returned', async () => {
    const { authFetch, signOut, headers, causes } = setUp();
    signOut();
    expect((await authFetch(url)).status).toBe(401);
    expect([headers(), causes]).toEqual([[null], []]);
  });
});

describe('before it is sent', () => {
  test('R12: a token that is due is asked for, one that is not costs no wait', async () => {
    const { authFetch, signIn, refresher, headers, server } = setUp();
    server.answer = () => statusAnswer(200);
    await authFetch(url);
    expect(refresher.obtain).not.toHaveBeenCalled();
    signIn(held('due', { aheadAt: -1 }), 'b');
    vi.mocked(refresher.obtain).mockResolvedValueOnce(held('fresh'));
    await authFetch(url);
    expect(headers()).toEqual(['t0', 'fresh']);
  });

  test('R52: a request waits while it is not known who is signed in, and then serves that session', async () => {
    const known = deferred();
    const { authFetch, sessions, sharing, replace, server, headers } = setUp({
      settled: () => known.promise.then(() => sessions.current),
    });
    sharing.isOpening = true;
    server.good = 'newer';
    const request = follow(authFetch(url));
    await settle();
    expect([request.state, headers()]).toEqual(['pending', []]);
    replace(held('newer'));
    known.resolve();
    await settle();
    expect([request.state, headers()]).toEqual(['resolved', ['newer']]);
  });

  test('R32: a request that waited while somebody was signed in is not sent as somebody else', async () => {
    const known = deferred();
    const { sessions, sharing, signIn, sent, authFetch } = setUp({
      settled: () => known.promise.then(() => sessions.current),
    });
    sharing.isOpening = true;
    const request = follow(authFetch(url));
    signIn(held('somebody else'), 'b');
    known.resolve();
    await settle();
    expect([request.value, sent]).toEqual([expect.objectContaining({ code: 'session-changed' }), []]);
  });

  test('R61: after close() nothing is sent', async () => {
    const { authFetch, sessions, sent } = setUp();
    sessions.close();
    await expect(authFetch(url)).rejects.toMatchObject({ code: 'closed' });
    expect(sent).toEqual([]);
  });

  test('R33: a caller that aborts waits for no header', async () => {
    const headers = () => new Promise<Record<string, string>>(() => {});
    const { authFetch, sent } = setUp({ attach: { tokenTypes: [], headers } });
    const controller = new AbortController();
    const request = authFetch(url, { signal: controller.signal });
    controller.abort('enough');
    await expect(request).rejects.toBe('enough');
    expect(sent).toEqual([]);
  });
});

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

test('R40: a request that may bring tokens is sent through capture, with the token that it carries', async () => {
  const carried: unknown[] = [];
  const capture: AuthFetchParts['capture'] = ({ method, target }, token) => {
    carried.push([method, target.href, token]);
    return async (answer) => {
      carried.push((await answer).status);
      return answer;
    };
  };
  const { authFetch, signOut } = setUp({ capture });
  await authFetch(url, { method: 'post' });
  await authFetch(new Request('https://evil.test/', { method: 'PUT' }));
  await authFetch(url, { headers: { authorization: 'own' } });
  signOut();
  await authFetch(url);
  const href = 'https://api.example.com/me?q=1';
  expect(carried).toEqual([
    ...[['POST', href, 't0'], 200],
    ...[['PUT', 'https://evil.test/', undefined], 401],
    ...[['GET', href, undefined], 401],
    ...[['GET', href, undefined], 401],
  ]);
});
