/** R37: what a page put on `Object.prototype` is nobody's token, header, option or error. */
import { expect, test } from 'vitest';
import { type RefreshEndpointOptions, refreshEndpoint } from '../src/refresh-endpoint.ts';
import { polluted } from './support/polluted.ts';

const url = 'https://as.example.com/token';
const grant = { access_token: 'next' };

/** One refresh on such a page: what was sent, and what came of it. */
async function refreshed(
  members: Record<string, unknown>,
  options: Partial<RefreshEndpointOptions> = {},
  // Node's own Response takes its headers from there, unless it is given some.
  answer: () => Response = () => new Response(JSON.stringify(grant), { headers: {} }),
  tokens: { accessToken: string; tokenType: string; refreshToken?: string } = {
    accessToken: 'access',
    tokenType: 'Bearer',
    refreshToken: 'refresh',
  },
) {
  const sent: { headers: [string, string][]; body: string; redirect: unknown; credentials: unknown }[] = [];
  const { signal } = new AbortController();
  const fetch = async (_input: unknown, init: RequestInit = {}) => {
    const { headers, body, redirect, credentials } = init;
    sent.push({ headers: [...new Headers(headers)], body: `${body}`, redirect, credentials });
    return answer();
  };
  const outcome = await polluted(members, async () => {
    const asked = refreshEndpoint({ url, ...options })({ tokens, signal, fetch });
    return asked.catch((error) => ({ code: error.code, message: error.message }));
  });
  return { outcome, sent };
}

const names = [
  ...[
    'url',
    'format',
    'clientId',
    'clientSecret',
    'clientAuth',
    'scope',
    'resource',
    'parameters',
    'headers',
  ],
  ...[
    'read',
    'isSessionEnded',
    'insecure',
    'error',
    'accessToken',
    'access_token',
    'id_token',
    'refreshToken',
  ],
  ...['json', 'searchParams', 'prefix', 'retry', 'limit', 'deadline', 'retryAt', 'anything'],
];

test.each(names)('R37: `%s` on Object.prototype neither fails a refresh nor changes it', async (name) => {
  for (const value of [7, 'invalid_grant', { evil: '1' }, () => ({ evil: '1' })]) {
    const { outcome, sent } = await refreshed({ [name]: value });
    expect(sent).toEqual([
      {
        headers: [['accept', 'application/json']],
        body: 'grant_type=refresh_token&refresh_token=refresh',
        redirect: 'manual',
        credentials: undefined,
      },
    ]);
    expect(outcome).toEqual(grant);
  }
});

test('R37: `error` there signs nobody out, whatever the server answers', async () => {
  for (const answer of [
    () => Response.json({}, { status: 400 }),
    () => new Response('', { status: 400 }),
    () => Response.json(null, { status: 400 }),
  ]) {
    const { outcome } = await refreshed({ error: 'invalid_grant' }, {}, answer);
    expect(outcome).toEqual({
      code: 'refresh-failed',
      message: 'no new token: https://as.example.com/token answered 400',
    });
  }
});

test('R37: a token there is not the server’s answer, and no refresh token to send', async () => {
  const evil = { accessToken: 'evil', access_token: 'evil', id_token: 'evil', refreshToken: 'evil' };
  const { outcome } = await refreshed(evil, {}, () => Response.json({ token: 'next' }));
  expect(outcome).toMatchObject({ code: 'invalid-token-response' });
  const none = await refreshed(evil, {}, undefined, { accessToken: 'access', tokenType: 'Bearer' });
  expect([none.outcome, none.sent]).toMatchObject([{ code: 'session-ended' }, []]);
});

test('R37: a `format` there makes no cookie of a form, nor does `withoutRefreshToken`', async () => {
  const { outcome } = await refreshed(
    { format: 'cookie', body: undefined, withoutRefreshToken: true },
    {},
    undefined,
    { accessToken: 'access', tokenType: 'Bearer' },
  );
  expect(outcome).toMatchObject({ code: 'session-ended' });
});
