/** When a server is asked whether the user has signed in on the other device (RFC 8628 §3.5). */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { granted, promptOf } from '../../src/oidc/device.ts';
import { OidcError } from '../../src/oidc/oidc-error.ts';

const code = {
  device_code: 'secret',
  user_code: 'WDJB-MJHT',
  verification_uri: 'https://as.example.com/device',
  expires_in: 600,
};
const refused = (error: string, status = 400) =>
  new OidcError('token-request-refused', `${status} ${error}`, { error, status });
const pending = refused('authorization_pending');
const lost = new OidcError('unreachable', 'https://as.example.com/token (TypeError)');
const busy = new OidcError('token-request-refused', '503', { status: 503 });

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

/** The seconds at which a server that answers so, one after the other, is asked, and what comes of it. */
async function ask(answers: (OidcError | 'tokens')[], more: object = {}) {
  const times: number[] = [];
  const { signal } = new AbortController();
  const asked = granted(
    { ...code, ...more },
    async () => {
      times.push(Date.now() / 1_000);
      const answer = answers[times.length - 1] ?? answers.at(-1);
      if (answer instanceof OidcError) throw answer;
      return answer;
    },
    signal,
  );
  const outcome = asked.then(
    (value) => value,
    (error: unknown) => error,
  );
  await vi.runAllTimersAsync();
  return { times, outcome: await outcome, ended: Date.now() / 1_000 };
}

describe('RFC 8628 §3.5: a server is asked', () => {
  test('after five seconds, and every five, where it says nothing else', async () => {
    expect(await ask([pending, pending, 'tokens'])).toMatchObject({ times: [5, 10, 15], outcome: 'tokens' });
  });

  test('as seldom as it says', async () => {
    expect(await ask([pending, 'tokens'], { interval: 12 })).toMatchObject({ times: [12, 24] });
  });

  test('not more than once a second, whatever it says', async () => {
    expect(await ask([pending, 'tokens'], { interval: 1e-6 })).toMatchObject({ times: [1, 2] });
  });

  test('five seconds later from each `slow_down` on', async () => {
    const slow = refused('slow_down');
    const { times } = await ask([pending, slow, pending, slow, pending, 'tokens']);
    expect(times).toEqual([5, 10, 20, 30, 45, 60]);
  });

  test('more and more seldom while it does not answer, once a minute at least, and as before when it does', async () => {
    const { times } = await ask([lost, lost, busy, busy, lost, pending, 'tokens']);
    expect(times).toEqual([5, 15, 35, 75, 135, 195, 200]);
  });

  test('more seldom still where it wants more than a minute', async () => {
    const { times } = await ask([lost, lost, 'tokens'], { interval: 90 });
    expect(times).toEqual([90, 180, 270]);
  });

  test('not before it wants to be (`Retry-After`)', async () => {
    const later = new OidcError('token-request-refused', '429', { status: 429, retryAt: 100_000 });
    expect(await ask([later, 'tokens'])).toMatchObject({ times: [5, 100] });
  });

  test('not before it wants to be, whatever else it says', async () => {
    const slow = refused('slow_down', 429);
    const later = Object.assign(slow, { retryAt: 100_000 });
    expect(await ask([later, pending, 'tokens'])).toMatchObject({ times: [5, 100, 110] });
  });

  test.for([408, 425, 429, 500, 503])(
    'R35: again after %d, which is no answer to the question',
    async (status) => {
      const busy = new OidcError('token-request-refused', `${status}`, { status });
      expect(await ask([busy, 'tokens'])).toMatchObject({ times: [5, 15], outcome: 'tokens' });
    },
  );
});

describe('it ends', () => {
  test('when the code has expired, without a further question', async () => {
    const { times, outcome, ended } = await ask([pending], { expires_in: 22 });
    expect(times).toEqual([5, 10, 15, 20]);
    expect(ended).toBe(22);
    expect(outcome).toMatchObject({ code: 'device-code-expired', message: 'device code expired' });
  });

  test('when the code has expired while nobody answered', async () => {
    const { outcome, ended } = await ask([lost], { expires_in: 600 });
    expect(outcome).toMatchObject({ code: 'device-code-expired' });
    expect(ended).toBe(600);
  });

  test('not because the clock was set: the server is still asked', async () => {
    const ask = vi.fn(async () => 'tokens');
    const asked = granted(code, ask, new AbortController().signal);
    vi.setSystemTime(86_400_000);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await asked).toBe('tokens');
  });

  test.for([
    ['expired_token', 'device-code-expired', 'device code expired: expired_token'],
    ['access_denied', 'authorization-refused', 'authorization refused: access_denied'],
    ['invalid_grant', 'token-request-refused', 'token request refused: 400 invalid_grant'],
    ['constructor', 'token-request-refused', 'token request refused: 400 constructor'],
  ])('when the server says %s', async ([error = '', code, message]) => {
    const { times, outcome } = await ask([pending, refused(error)]);
    expect(times).toEqual([5, 10]);
    expect(outcome).toMatchObject({ code, message, error, status: 400 });
  });

  test('when the platform fails, and is not asked for ever', async () => {
    const { times, outcome } = await ask([new OidcError('server-metadata', 'no token_endpoint')]);
    expect(times).toEqual([5]);
    expect(outcome).toMatchObject({ code: 'server-metadata' });
  });

  test('for good when it is ended: an answer that comes later starts no timer', async () => {
    const controller = new AbortController();
    let refuse: (error: OidcError) => void = () => {};
    const ask = () =>
      new Promise<never>((_, reject) => {
        refuse = reject;
      });
    const asked = granted(code, ask, controller.signal);
    const rejected = expect(asked).rejects.toBe('enough');
    await vi.advanceTimersByTimeAsync(5_000);
    controller.abort('enough');
    refuse(pending);
    await rejected;
    expect(vi.getTimerCount()).toBe(0);
  });
});

test('the user is shown a code, where to enter it, and until when', () => {
  vi.setSystemTime(1_000);
  expect(promptOf(code)).toEqual({
    userCode: 'WDJB-MJHT',
    verificationUri: 'https://as.example.com/device',
    expiresAt: 601_000,
  });
  const verification_uri_complete = 'https://as.example.com/device?c=WDJB-MJHT';
  expect(promptOf({ ...code, verification_uri_complete })).toMatchObject({
    verificationUriComplete: verification_uri_complete,
  });
});
