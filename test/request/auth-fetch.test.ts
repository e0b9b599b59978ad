import { describe, expect, test, vi } from 'vitest';
import { type AuthFetchParts, createAuthFetch } from '../src/auth-fetch.ts';
import type { Refresher } from '../src/contracts.ts';
import { TokenError } from '../src/errors.ts';
import type { RefreshCause } from '../src/types.ts';
import { watchedBody } from './support/bodies.ts';
import { always, createContext, held } from './support/sessions.ts';

const url = 'https://api.example.com/me?q=1#top';
const statusAnswer = (status: number) => new Response(null, { status });

interface Server {
  good: string;
  answer?: (header: string | null) => Response | Promise<Response>;
}

/** Signed in with `t0`; each refresh brings the next token; `answer` is the server, which takes `good`. */
async function setUp(parts: Partial<AuthFetchParts> = {}) {
  const sent: [header: string | null, init: RequestInit | undefined][] = [];
  const causes: RefreshCause[] = [];
  const server: Server = { good: 't0' };
  const { sessions, signIn } = createContext();
  await signIn('t0');
  const refresher: Refresher = {
    async run(_session, cause) {
      causes.push(cause);
      const next = () => held(`t${causes.length}`);
      await sessions.replace(always, next, { cause, startedAt: 0 });
    },
    obtain: vi.fn(async (session) => session.held),
  };
  const send = async (input: RequestInfo | URL, init?: RequestInit) => {
    const header = new Headers(init?.headers ?? (input as Request).headers).get('x-token');
    sent.push([header, init]);
    return server.answer?.(header) ?? statusAnswer(header === server.good ? 200 : 401);
  };
  const authFetch = createAuthFetch({
    allow: ({ origin }) => origin === 'https://api.example.com',
    attach: { tokenTypes: [], headers: ({ tokens }) => ({ 'x-token': tokens.accessToken }) },
    sessions,
    refresher,
    capture: undefined,
    events: { add() {}, flush() {} },
    fetch: send,
    isRejected: undefined,
    ...parts,
  });
  const headers = () => sent.map(([header]) => header);
  return { authFetch, sent, headers, causes, server, sessions, refresher };
}

describe('left alone', () => {
  test('R2, R3: other URLs, no URLs, and requests that bring the header themselves', async () => {
    const { authFetch, sent, refresher } = await setUp();
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
    const { authFetch, sessions, refresher, headers } = await setUp();
    Object.assign(sessions.current, { held: { ...held('t0'), aheadAt: 0 } });
    await authFetch(url, { headers: { 'x-token': 'own' } });
    expect([headers(), vi.mocked(refresher.obtain).mock.calls]).toEqual([['own'], []]);
  });
});

test('a fetch underneath that forgets the promise does no harm', async () => {
  const { authFetch } = await setUp({ fetch: (() => statusAnswer(204)) as unknown as typeof fetch });
  expect((await authFetch(url)).status).toBe(204);
});

describe('a refusal', () => {
  test('R21, R25: is cured by one refresh, with fresh headers, and its body is cancelled', async () => {
    const { authFetch, headers, causes, server } = await setUp({
      attach: { tokenTypes: [], headers: async ({ tokens }) => ({ 'x-token': tokens.accessToken }) },
    });
    const refused = watchedBody({ status: 401 });
    server.answer = (header) => (header === 't0' ? refused.response : statusAnswer(200));
    expect((await authFetch(url, { method: 'POST', body: 'x' })).status).toBe(200);
    expect([headers(), causes, refused.seen.cancelled]).toEqual([['t0', 't1'], ['rejected'], 1]);
  });

  test('R22: of a token that has been replaced meanwhile costs no refresh', async () => {
    const { authFetch, headers, causes, server, sessions, refresher } = await setUp();
    server.answer = async (header) => {
      if (header === 'newer') return statusAnswer(200);
      await sessions.replace(always, () => held('newer'), { cause: 'manual', startedAt: 0 });
      return statusAnswer(401);
    };
    expect((await authFetch(url)).status).toBe(200);
    expect([headers(), causes]).toEqual([['t0', 'newer'], []]);
    expect(refresher.obtain).toHaveBeenCalledOnce();
  });

  test('R23: that survives the refresh is returned, and the next one costs none until an answer accepts', async () => {
    const { authFetch, headers, causes, server } = await setUp();
    server.good = 'none';
    expect((await authFetch(url)).status).toBe(401);
    expect((await authFetch(url)).status).toBe(401);
    expect([headers(), causes.length]).toEqual([['t0', 't1', 't1'], 1]);
    server.good = 't1';
    await authFetch(url);
    server.good = 't2';
    expect((await authFetch(url)).status).toBe(200);
  });

  test.each([true, false])(
    'R24: of a stream is returned after a refresh, good (%s) or not',
    async (isGood) => {
      const { authFetch, causes, server, refresher, headers } = await setUp();
      if (!isGood) refresher.run = () => Promise.reject(new TokenError('refresh-failed'));
      server.good = 't1';
      const init = { method: 'POST', body: new ReadableStream(), duplex: 'half' } as const;
      expect((await authFetch(url, init)).status).toBe(401);
      expect([headers(), causes.length]).toEqual([['t0'], isGood ? 1 : 0]);
    },
  );

  test('R20, R2: is what `isRejected` finds in a copy, but never what comes from another origin', async () => {
    const isRejected = async (copy: Response) => (await copy.text()) === 'expired';
    const { authFetch, causes, server } = await setUp({ isRejected });
    server.answer = (header) => new Response(header === 't0' ? 'expired' : 'fine');
    expect([await (await authFetch(url)).text(), causes]).toEqual(['fine', ['rejected']]);
    const elsewhere = { redirected: { value: true }, url: { value: 'https://login.example.com/' } };
    server.answer = () => Object.defineProperties(new Response('expired', { status: 401 }), elsewhere);
    expect([(await authFetch(url)).status, causes.length]).toEqual([401, 1]);
  });
});

test('R27: an attach may ask for one more try, once, and not of a session that is over', async () => {
  const onResponse = vi.fn((_response: Response): 'retry' => 'retry');
  const attach = { tokenTypes: [], headers: () => ({ 'x-token': 't0' }), onResponse };
  const { authFetch, headers, sessions } = await setUp({ attach });
  expect((await authFetch(url)).ok).toBe(true);
  expect(headers()).toEqual(['t0', 't0']);
  onResponse.mockImplementation(() => {
    sessions.end();
    return 'retry';
  });
  await expect(authFetch(url)).rejects.toMatchObject({ code: 'session-changed' });
});
