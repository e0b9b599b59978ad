import { inspect } from 'node:util';
import { asTokenError, type TokenSet } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { identityToolkit } from '../../src/firebase/identity-toolkit.ts';
import { polluted } from '../support/polluted.ts';

const KEY = 'AIza-key+1';
const held: TokenSet = {
  accessToken: 'id-0',
  tokenType: 'Bearer',
  idToken: 'id-0',
  refreshToken: 'refresh-0',
};
const grant = { access_token: 'other', id_token: 'id-1', refresh_token: 'refresh-1', expires_in: '3600' };

/** Google's answer to a refresh that does not work. */
const refusal = (message: unknown, status = 400, more: { status?: string; headers?: HeadersInit } = {}) =>
  Response.json(
    { error: { code: status, message, ...(more.status && { status: more.status }) } },
    { status, ...(more.headers && { headers: more.headers }) },
  );

type Answer = () => Response | Promise<Response>;

/** One refresh at a server that answers like this, the last answer again and again. */
async function refresh(answers: Answer[], tokens: TokenSet | undefined = held, emulatorOrigin?: string) {
  const sent: Request[] = [];
  const { signal } = new AbortController();
  const fetch = async (input: RequestInfo | URL, init?: RequestInit) => {
    const answer = answers[Math.min(sent.length, answers.length - 1)];
    sent.push(new Request(input, init));
    if (!answer) throw new Error('no request was expected');
    return answer();
  };
  const toolkit = identityToolkit({ apiKey: KEY, emulatorOrigin });
  const outcome = await toolkit.refresh({ tokens, signal, fetch }).catch((error: unknown) => error);
  return { outcome, sent };
}

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

describe('refresh', () => {
  test('sends the refresh token, and only that, form-encoded; no redirect takes it elsewhere', async () => {
    const { sent } = await refresh([() => Response.json(grant)]);
    expect(sent).toHaveLength(1);
    const [request] = sent as [Request];
    expect([request.method, request.url]).toEqual([
      'POST',
      'https://securetoken.googleapis.com/v1/token?key=AIza-key%2B1',
    ]);
    expect(request.headers.get('content-type')).toMatch(/^application\/x-www-form-urlencoded/);
    expect(await request.text()).toBe('grant_type=refresh_token&refresh_token=refresh-0');
    expect(request.redirect).toBe('manual');
  });

  test('the access token is the ID token, whatever else the answer calls one', async () => {
    const { outcome } = await refresh([() => Response.json(grant)]);
    expect(outcome).toMatchObject({ access_token: 'id-1', id_token: 'id-1', refresh_token: 'refresh-1' });
  });

  test.each(['http://127.0.0.1:9099', 'http://127.0.0.1:9099/'])(
    'goes to the emulator: %s',
    async (origin) => {
      const { sent } = await refresh([() => Response.json(grant)], held, origin);
      expect(sent[0]?.url).toBe('http://127.0.0.1:9099/securetoken.googleapis.com/v1/token?key=AIza-key%2B1');
    },
  );

  test.each([undefined, { ...held, refreshToken: undefined }])(
    'without a refresh token the session is over, without a call',
    async (tokens) => {
      const { outcome, sent } = await refresh([], tokens ?? { accessToken: 'x', tokenType: 'Bearer' });
      expect(asTokenError(outcome, 'session-ended')).toBe(outcome);
      expect(sent).toEqual([]);
    },
  );

  test.each([
    'TOKEN_EXPIRED',
    'USER_DISABLED',
    'USER_NOT_FOUND',
    'INVALID_REFRESH_TOKEN',
    'USER_DISABLED : the account was disabled by an administrator',
  ])('R35: %s ends the session', async (message) => {
    const { outcome, sent } = await refresh([() => refusal(message)]);
    expect(asTokenError(outcome, 'session-ended')).toBe(outcome);
    expect((outcome as Error).message).toBe(
      `securetoken.googleapis.com answered 400 ${message.replace(/ :.*/, '')}`,
    );
    expect(sent).toHaveLength(1);
  });

  test.each<[string, Answer, string]>([
    ['a quota', () => refusal('QUOTA_EXCEEDED : Exceeded quota', 429), '429 QUOTA_EXCEEDED'],
    ['an error of the server', () => refusal('INTERNAL', 500), '500 INTERNAL'],
    [
      'a wrong API key',
      () => refusal('API key not valid. Please pass a valid API key.', 400, { status: 'INVALID_ARGUMENT' }),
      '400 INVALID_ARGUMENT',
    ],
    ['a code that only resembles an end', () => refusal('USER_NOT_FOUND_HERE'), '400 USER_NOT_FOUND_HERE'],
    ['an end that is quoted', () => refusal('Not TOKEN_EXPIRED'), '400'],
    ['an OAuth error', () => Response.json({ error: 'invalid_grant' }, { status: 400 }), '400'],
    ['a page of a proxy', () => new Response('<p>TOKEN_EXPIRED</p>', { status: 403 }), '403'],
    ['an answer without tokens', () => Response.json({}), '200'],
    ['null', () => Response.json(null), '200'],
    ['an access token alone', () => Response.json({ access_token: 'x' }), '200'],
    ['an answer that breaks off', () => new Response('{"id_token":"x'), '200'],
  ])('R35: %s is "not now"', async (_what, answer, told) => {
    const { outcome, sent } = await refresh([answer]);
    expect(asTokenError(outcome, 'refresh-failed')).toBe(outcome);
    expect((outcome as Error).message).toBe(`securetoken.googleapis.com answered ${told}`);
    expect((outcome as Error).cause).toMatchObject({ message: (outcome as Error).message });
    expect(sent).toHaveLength(1);
  });

  test.each([
    ['30', 1_030_000],
    ['Thu, 01 Jan 1970 01:00:00 GMT', 3_600_000],
    ['1e20', 1_000_000 + 3_600_000],
    ['Tue, 01 Jan 2199 00:00:00 GMT', 1_000_000 + 3_600_000],
    ['soon', 0],
  ])('R35: Retry-After %s reaches the manager', async (value, retryAt) => {
    const { outcome } = await refresh([() => refusal('X', 503, { headers: { 'retry-after': value } })]);
    expect(asTokenError(outcome)?.retryAt).toBe(retryAt);
  });

  test('R37: of an answer that never ends 1 MB is read; the rest is cancelled, and it is "not now"', async () => {
    const seen = { cancelled: 0, pulled: 0 };
    const body = () =>
      new ReadableStream({
        pull(controller) {
          seen.pulled += 65_536;
          controller.enqueue(new Uint8Array(65_536).fill(32));
        },
        cancel: () => void seen.cancelled++,
      });
    const { outcome } = await refresh([() => new Response(body())]);
    expect(outcome).toMatchObject({
      code: 'refresh-failed',
      message: 'securetoken.googleapis.com answered 200',
    });
    expect(seen.cancelled).toBe(1);
    expect(seen.pulled).toBeLessThan(1_300_000);
  });

  test('R37: what a page put on Object.prototype is no token, no option and no error of Google’s', async () => {
    const members = {
      id_token: 'evil',
      error: { message: 'TOKEN_EXPIRED' },
      emulatorOrigin: 'http://evil.test',
    };
    const { outcome, sent } = await polluted(members, () => refresh([() => new Response('{}')]));
    expect(outcome).toMatchObject({
      code: 'refresh-failed',
      message: 'securetoken.googleapis.com answered 200',
    });
    expect(sent[0]?.url).toMatch(/^https:\/\/securetoken\.googleapis\.com/);
    const none = await polluted({ refreshToken: 'evil' }, () =>
      refresh([], { accessToken: 'x', tokenType: 'Bearer' }),
    );
    expect([none.outcome, none.sent]).toMatchObject([{ code: 'session-ended' }, []]);
  });

  test('R35: so is one that is cut off on its way', async () => {
    const cut = () => new Response(new ReadableStream({ pull: (controller) => controller.error('reset') }));
    const again = await refresh([cut, () => Response.json(grant)]);
    expect(again.outcome).toMatchObject({ access_token: 'id-1' });
    expect(again.sent).toHaveLength(2);
    const { outcome } = await refresh([cut]);
    expect(outcome).toMatchObject({
      code: 'refresh-failed',
      message: 'securetoken.googleapis.com could not be reached',
    });
  });

  test('a redirect is told as one, also where a browser shows no status', async () => {
    const opaque = () => Object.defineProperty(new Response(null), 'status', { value: 0 });
    const hidden = () => Object.defineProperty(opaque(), 'ok', { value: false });
    const { outcome } = await refresh([hidden]);
    expect((outcome as Error).message).toBe('securetoken.googleapis.com answered 302');
  });

  test('R35: a lost answer is asked for again once, at once', async () => {
    const lost = () => Promise.reject(new TypeError('Failed to fetch'));
    const again = await refresh([lost, () => Response.json(grant)]);
    expect(again.outcome).toMatchObject({ access_token: 'id-1' });
    expect(await Promise.all(again.sent.map((request) => request.text()))).toEqual([
      'grant_type=refresh_token&refresh_token=refresh-0',
      'grant_type=refresh_token&refresh_token=refresh-0',
    ]);
    const { outcome, sent } = await refresh([lost]);
    expect(asTokenError(outcome, 'refresh-failed')).toBe(outcome);
    expect((outcome as Error).message).toBe('securetoken.googleapis.com could not be reached');
    expect(sent).toHaveLength(2);
  });

  test.each<[string, Answer]>([
    ['quoted by the server', () => refusal(`BAD : refresh-0 ${KEY}`, 400, { status: 'refresh-0' })],
    ['as the code', () => refusal('refresh-0')],
    [
      'in the error of fetch',
      () =>
        Promise.reject(Object.assign(new Error(`POST ${KEY} refresh-0`), { body: 'refresh-0', url: KEY })),
    ],
    ['in an answer that is none', () => Response.json({ refresh_token: 'refresh-0', error: 'refresh-0' })],
  ])('R70: no token and no API key is in the error: %s', async (_where, answer) => {
    const { outcome } = await refresh([answer]);
    const told = inspect(outcome, { depth: 9, showHidden: true }) + (outcome as Error).stack;
    expect(told).not.toContain('refresh-0');
    expect(told).not.toContain(KEY);
  });
});

describe('options', () => {
  test.each([
    ['undefined', undefined],
    ['empty', ''],
    ['number', 7],
  ])('an apiKey that is %s is refused', (kind, apiKey) => {
    const options = { apiKey } as { apiKey: string };
    const error = new TypeError(`evertoken: options.apiKey is ${kind}; expected the Web API key`);
    expect(() => identityToolkit(options)).toThrow(error);
  });

  test.each([
    ['string', 'localhost:9099'],
    ['string', 'http://127.0.0.1:9099/identitytoolkit.googleapis.com'],
    ['string', 'http://'],
    ['string', 'http://user@127.0.0.1:9099'],
    ['empty', ''],
    ['number', 9099],
    ['object', new URL('ftp://127.0.0.1')],
  ])('an emulatorOrigin that is no origin is refused: %s %s', (kind, emulatorOrigin) => {
    const options = { apiKey: KEY, emulatorOrigin } as { apiKey: string; emulatorOrigin: string };
    const error = new TypeError(`evertoken: options.emulatorOrigin is ${kind}; expected an http origin`);
    expect(() => identityToolkit(options)).toThrow(error);
  });

  test.runIf(__DEVELOPMENT__)('R73: a misspelt one is named, with the one that was meant', () => {
    const options = { apiKey: KEY, emulatorOrigins: 'http://127.0.0.1:9099' };
    expect(() => identityToolkit(options)).toThrow(
      "options.emulatorOrigins is string; expected no such name; 'emulatorOrigin', perhaps",
    );
  });

  test('without one it is Google, by https', () => {
    const { capture } = identityToolkit({ apiKey: KEY });
    expect(capture[0]?.url).toContain('https://identitytoolkit.googleapis.com/v1/accounts:update');
  });

  test('an emulatorOrigin may be a URL', () => {
    const { capture } = identityToolkit({ apiKey: KEY, emulatorOrigin: new URL('http://localhost:9099') });
    expect(capture[0]?.url).toContain(
      'http://localhost:9099/identitytoolkit.googleapis.com/v1/accounts:update',
    );
  });
});
