/** R72: what `explain` says is what happens, whatever the rules, the request and the state. */
import {
  type AllowRule,
  asTokenError,
  bearer,
  createTokenManager,
  explain,
  type Refresh,
  TokenError,
  type TokenManagerOptions,
} from 'evertoken';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Args } from '../support/attach.ts';
import { deferred } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers({ now: 1_800_000_000_000 }));
afterEach(() => void vi.useRealTimers());

const isLogin = ({ pathname }: URL) => pathname === '/login';
const byPort = ({ port }: URL) => port === '8443';
const urlRule = fc.constantFrom(
  ...['https://a.test', 'https://a.test/v1', 'http://a.test:8443', 'https://*.a.test', '/', '/v1'],
  ...[byPort, () => true],
);
const place = fc.record(
  {
    url: fc.oneof(urlRule, fc.array(urlRule, { minLength: 1, maxLength: 2 })),
    except: fc.constantFrom('/v1/public', '/', ['/login', '/v2']),
    token: fc.constantFrom('required' as const, 'optional' as const),
  },
  { requiredKeys: ['url'] },
);
const allow: fc.Arbitrary<AllowRule[]> = fc.array(fc.oneof(urlRule, place), { minLength: 1, maxLength: 3 });

const request = fc.record({
  url: fc
    .tuple(
      fc.constantFrom('https://a.test', 'http://a.test:8443', 'https://b.a.test:8443', 'http://b.test', ''),
      fc.constantFrom('/', '/v1', '/v1/public/x', '/v2?q#f', '/login'),
    )
    .map((parts) => parts.join('')),
  headers: fc.constantFrom(undefined, { Authorization: 'own' }, { 'X-Token': 'own' }),
  as: fc.constantFrom('string', 'URL', 'Request', 'Request with init'),
  keepalive: fc.constantFrom(undefined, true, false),
});
type Asked = typeof request extends fc.Arbitrary<infer T> ? T : never;

/** Arguments of fetch; what cannot be a URL object or a Request is a string. */
function argumentsOf({ url, headers, as, keepalive }: Asked, base: string | undefined): Args {
  const init = { ...(headers && { headers }), ...(keepalive !== undefined && { keepalive }) };
  if (as === 'string' || !URL.canParse(url, base)) return [url, init];
  const absolute = new URL(url, base);
  if (as === 'URL') return [absolute, init];
  return as === 'Request'
    ? ([new Request(absolute, init)] as const)
    : ([new Request(absolute), init] as const);
}

const states = [
  ...(['signed out', 'good', 'ahead', 'in leeway', 'expired', 'failed in leeway', 'failed'] as const),
  ...(['ended', 'unknown', 'closed'] as const),
];
const ages = { ahead: 800, 'in leeway': 995, 'failed in leeway': 995, expired: 2_000, failed: 2_000 };

/** A manager in that state; its next refresh is answered when `answer` resolves. */
async function openIn(state: (typeof states)[number], options: Omit<TokenManagerOptions, 'refresh'>) {
  const answer = deferred();
  let thrown: unknown;
  const ask = async () => {
    if (thrown) throw thrown;
    await answer.promise;
    return { access_token: 'ours' };
  };
  const refresh: Refresh = Object.assign(ask, { withoutRefreshToken: state === 'unknown' });
  const auth = createTokenManager({ ...options, refresh });
  if (state === 'unknown' || state === 'signed out') return { auth, answer };
  await auth.signIn({ access_token: 'ours', refresh_token: 'r', expires_in: 1_000 });
  vi.setSystemTime(Date.now() + 1_000 * (ages[state as keyof typeof ages] ?? 0));
  if (state === 'ended') thrown = new TokenError('session-ended');
  if (state.startsWith('failed')) thrown = new Error('down');
  if (thrown) await auth.refresh().catch(() => {});
  if (state === 'closed') auth.close();
  return { auth, answer };
}

/** What a request that is not sent rejects with. */
const unsent: Record<string, string> = {
  closed: 'closed',
  'signed-out': 'signed-out',
  'no-token': 'refresh-failed',
};

const scene = fc.record({
  ...{ allow, request, state: fc.constantFrom(...states) },
  page: fc.constantFrom(undefined, 'https://a.test/v1/', 'https://b.test/'),
  attach: fc.constantFrom({}, { replace: true }, { header: 'x-token' }),
  hasLogin: fc.boolean(),
});

test('R72: the reason is that of the event, and what attaches carries the token', async () => {
  const property = fc.asyncProperty(scene, async ({ page, state, hasLogin, ...given }) => {
    if (page) vi.stubGlobal('location', { href: page, origin: new URL(page).origin });
    const carried: boolean[] = [];
    const { auth, answer } = await openIn(state, {
      allow: given.allow,
      attach: bearer(given.attach),
      ...(hasLogin && { capture: [{ url: isLogin, startsSession: true }] }),
      fetch: async (input, init) => {
        const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : {}));
        carried.push([...headers.values()].some((value) => value.includes('ours')));
        return new Response('ok');
      },
    });
    const reasons: string[] = [];
    auth.on('not-attached', ({ reason }) => reasons.push(reason));
    const args = argumentsOf(given.request, page);
    const said = explain(auth, ...args);
    const ending = auth.fetch(...args).then(
      () => 'sent',
      (error) => asTokenError(error)?.code,
    );
    await vi.advanceTimersByTimeAsync(0);
    const isLate = !carried.length && (await Promise.race([ending, 'late'])) === 'late';
    answer.resolve();
    const code = await ending;
    auth.close();
    vi.unstubAllGlobals();

    const { reason } = said;
    expect([said, isLate]).toEqual([said, said.waits]);
    expect(['sent', unsent[reason]], reason).toContain(code);
    // Who is still unknown may turn out to be signed in.
    if (reason === 'unknown') return;
    expect([said, carried.some(Boolean)]).toEqual([said, said.attaches]);
    const isTold = reason !== 'attached' && state !== 'closed' && code === 'sent';
    expect([said, reasons]).toEqual([said, isTold ? [reason] : []]);
  });
  await fc.assert(property, { numRuns: 3_000 });
});
