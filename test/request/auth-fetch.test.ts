import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { AuthFetchParts } from '../../src/request/auth-fetch.ts';
import { setUp, statusAnswer, url } from '../support/auth-fetch.ts';
import { held } from '../support/core.ts';
import { follow } from '../support/recorder.ts';
import { settle } from '../support/refresh.ts';
import { deferred } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

describe('left alone', () => {
  test('R2, R3: other URLs, no URLs, and requests that bring the header themselves', async () => {
    const { authFetch, sent, refresher, reasons } = setUp();
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
    expect(reasons).toEqual([
      'not-allowed https://evil.test/',
      'no-page /relative',
      'not-allowed https://evil.test/',
      'own-header https://api.example.com/me',
      'own-header https://api.example.com/me',
    ]);
  });

  test('R72: of a URL that means nothing here neither query, fragment nor credentials are told', async () => {
    const { authFetch, reasons } = setUp();
    for (const url of [
      '/me?secret=1#hush',
      'me#hush',
      '//user:hush@api.example.com/me',
      'https://user:hush@host:99999/',
    ])
      await authFetch(url);
    expect(reasons).toEqual(['/me', 'me', '', 'https:'].map((at) => `no-page ${at}`));
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
    sharing.isOpening = () => true;
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
    sharing.isOpening = () => true;
    const request = follow(authFetch(url));
    signIn(held('somebody else'), 'b');
    known.resolve();
    await settle();
    expect([request.value, sent]).toEqual([expect.objectContaining({ code: 'session-changed' }), []]);
  });

  test('R12: a `keepalive` request that waits for the store leaves with what it finds there', async () => {
    const { sharing, signIn, refresher, headers, authFetch, server } = setUp();
    server.answer = () => statusAnswer(200);
    signIn(held('due', { aheadAt: -1, waitAt: -1, expiresAt: 1 }), 'b');
    sharing.isOpening = () => true;
    await authFetch(url, { keepalive: true });
    expect([headers(), vi.mocked(refresher.obtain).mock.calls]).toEqual([['due'], []]);
    vi.setSystemTime(1);
    await authFetch(url, { keepalive: true });
    expect(refresher.obtain).toHaveBeenCalledTimes(1);
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

test('R40, R41: an answer that may bring tokens is taken, with the token that its request carried; a login carries none', async () => {
  const asked: unknown[] = [];
  const captures: AuthFetchParts['captures'] = {
    ruleFor({ target, method }) {
      asked.push([method, target.href]);
      const startsSession = target.place.endsWith('/login');
      return { url: target.href, rules: [], startsSession };
    },
    take: (_call, token) => async (answer) => {
      asked.push(token, (await answer).status);
      return answer;
    },
  };
  const { authFetch, signOut, reasons } = setUp({ captures });
  const href = 'https://api.example.com/me?q=1';
  await authFetch(url, { method: 'post' });
  expect(asked.splice(0)).toEqual([['post', href], 't0', 200]);
  await authFetch(new Request('https://evil.test/', { method: 'PUT' }));
  expect(asked.splice(0)).toEqual([['PUT', 'https://evil.test/'], undefined, 401]);
  await authFetch(url, { headers: { authorization: 'own' } });
  expect(asked.splice(0)).toEqual([['GET', href], undefined, 401]);
  await authFetch('https://api.example.com/login');
  expect(asked.splice(0)).toEqual([['GET', 'https://api.example.com/login'], undefined, 401]);
  signOut();
  await authFetch(url);
  expect(asked.splice(0)).toEqual([['GET', href], undefined, 401]);
  expect(reasons).toContain('sign-in https://api.example.com/login');
});
