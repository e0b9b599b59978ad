/** What a sign-in asks the server for, and what has to come of it. */
import { describe, expect, test, vi } from 'vitest';
import { createPlan } from '../../src/oidc/plan.ts';
import { failureOf } from '../support/oidc-server.ts';

const redirectUri = 'https://app.example.com/callback';
const random = expect.stringMatching(/^[\w-]{43}$/);

function start(own: object = {}) {
  const asked = vi.fn(async (_parameters: object) => 'https://as.example.com/auth?x');
  const options = { issuer: 'https://as.example.com', clientId: 'spa', ...own };
  return { asked, ...createPlan(options, asked) };
}

describe('of any sign-in', () => {
  test('an ID token is wanted with `openid`, as young as was asked for', async () => {
    const { plan } = start();
    expect((await plan({ maxAge: 60 }))[1].expected).toEqual({ requireIdToken: true, maxAge: 60 });
    expect((await plan({}))[1].expected).toEqual({ requireIdToken: true });
    expect((await plan({ parameters: { scope: 'read' } }))[1].expected).toBeUndefined();
  });

  test('the resources are asked for, and the key that the tokens will be bound to is named', async () => {
    const { plan } = start({ resource: 'urn:api', dpop: { wrap: vi.fn(), thumbprint: async () => 'key' } });
    const [asked, wanted] = await plan({});
    expect(asked).toMatchObject({ resource: 'urn:api', scope: 'openid' });
    expect(wanted.thumbprint).toBe('key');
  });

  test('a database of keys that is blocked is told', async () => {
    const { plan } = start({
      dpop: { wrap: vi.fn(), thumbprint: () => Promise.reject(new RangeError('x')) },
    });
    expect(await failureOf(plan({}))).toMatchObject({
      code: 'storage-failed',
      message: 'storage failed: RangeError',
    });
  });
});

describe('of one with a callback', () => {
  test('plain http, where there is no PKCE, is named', async () => {
    const { getRandomValues } = crypto;
    vi.stubGlobal('crypto', { getRandomValues: getRandomValues.bind(crypto) });
    const { prepare, asked } = start({ redirectUri });
    await expect(prepare({}, 'state', redirectUri)).rejects.toThrow('needs https (crypto.subtle)');
    expect(asked).not.toHaveBeenCalled();
  });

  test('the URL is that of what is asked, and the callback is compared with what nobody else knows', async () => {
    const { prepare, asked } = start({ redirectUri });
    const [url, transaction] = await prepare({ returnTo: '/list?page=2' }, 'state', redirectUri);
    expect(url).toBe('https://as.example.com/auth?x');
    expect(transaction).toMatchObject({
      verifier: random,
      expected: { requireIdToken: true, expectedNonce: random },
      returnTo: '/list?page=2',
    });
    expect(asked).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({
        state: 'state',
        redirect_uri: redirectUri,
        nonce: transaction.expected?.expectedNonce,
        code_challenge: random,
      }),
      undefined,
    );
  });

  test('nobody is asked where the way back leads elsewhere', async () => {
    const { prepare, asked } = start();
    const preparing = prepare({ returnTo: 'https://evil.test/' }, 'state', redirectUri);
    expect(await failureOf(preparing)).toMatchObject({ code: 'unsafe-return-to' });
    expect(asked).not.toHaveBeenCalled();
  });
});
