/** What the development build tells tools of a manager: run where it is one. */
import { memoryStore, TokenError, type TokenManagerOptions } from 'evertoken';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Step } from '../src/development.ts';
import { createRecorded, createRecorder } from './support/attach.ts';
import { API, unauthorized } from './support/world.ts';

const program = globalThis as Record<symbol, unknown>;
const devtools = Symbol.for('evertoken.devtools');
const forget = () => {
  for (const key of [Symbol.for('evertoken.development'), devtools]) delete program[key];
};
beforeEach(() => {
  forget();
  vi.spyOn(console, 'warn').mockReturnValue();
  vi.useFakeTimers({ now: 1_000_000 });
});
afterEach(() => {
  forget();
  vi.useRealTimers();
});

const steps = () => program[devtools] as Step[];
const told = () => steps().map(({ step }) => step);
const detailOf = (name: string) => steps().findLast(({ step }) => step === name)?.detail;

let issued = 0;
const refresh: TokenManagerOptions['refresh'] = async () => ({
  access_token: `secret-${++issued}`,
  refresh_token: 'hush',
  expires_in: 300,
});

async function open(options: Partial<TokenManagerOptions> = {}, answer = () => Response.json({})) {
  const auth = createRecorded(createRecorder(answer), { refresh, ...options });
  onTestFinished(() => auth.close());
  await auth.signIn({ access_token: 'secret', refresh_token: 'hush', expires_in: 300 });
  return auth;
}

describe.runIf(__DEVELOPMENT__)('R73: a manager tells tools', () => {
  test('each step from A to H, to one that comes later and to one that is there, without tokens', async () => {
    const auth = await open();
    await auth.fetch(`${API}/me?secret=1`, { method: 'PUT' });
    await auth.refresh();
    await auth.signOut();
    auth.close();
    expect(told()).toEqual([
      ...['created', 'signed-in', 'request', 'sent', 'response', 'refresh', 'refresh-answered'],
      ...['token-refreshed', 'signed-out', 'closed'],
    ]);
    expect(new Set(steps().map(({ detail }) => detail['manager']))).toEqual(new Set([1]));
    expect(JSON.stringify(steps())).not.toMatch(/secret|hush/);
    const later: string[] = [];
    program[devtools] = { push: ({ step }: Step) => later.push(step) };
    await open();
    expect(later).toEqual(['created', 'signed-in']);
  });

  test('where it keeps its session, what may carry its token, and whether anybody is signed in', async () => {
    const place = { url: [new URL('https://files.example.com/v1'), () => true] };
    await open({ store: memoryStore(), allow: [API, place] });
    const allow = [API, 'https://files.example.com/v1', 'a predicate'];
    expect(detailOf('created')).toEqual({
      ...{ manager: 1, status: 'unknown', store: 'of its own', allow, keepFresh: false },
    });
    await open();
    expect(detailOf('created')).toMatchObject({ manager: 2, status: 'signed-out', store: 'none' });
  });

  test('that nobody is signed in, when the store has said so', async () => {
    const auth = createRecorded(createRecorder(), { store: memoryStore() });
    onTestFinished(() => auth.close());
    await auth.ready;
    expect(steps().at(-1)).toMatchObject({ step: 'status', detail: { status: 'signed-out' } });
  });

  test('the life of the token, in moments', async () => {
    const auth = await open({ leeway: 5_000 });
    const life = { issuedAt: 1_000_000, aheadAt: 1_240_000, waitAt: 1_295_000, expiresAt: 1_300_000 };
    expect(detailOf('signed-in')).toMatchObject({ life });
    vi.setSystemTime(1_010_000);
    await auth.refresh();
    expect(detailOf('token-refreshed')).toMatchObject({
      life: { issuedAt: 1_010_000, aheadAt: 1_250_000, waitAt: 1_305_000, expiresAt: 1_310_000 },
    });
    await auth.signIn({ access_token: 'opaque' });
    expect(detailOf('signed-in')?.['life']).toEqual({ issuedAt: 1_010_000 });
  });

  test('E: that a request saw expiry, and whether it waits', async () => {
    const auth = await open();
    vi.setSystemTime(1_241_000);
    await auth.fetch(API);
    expect(detailOf('due')).toMatchObject({ url: `${API}/`, method: 'GET', waits: false });
    await vi.waitFor(() => expect(told()).toContain('token-refreshed'));
    vi.setSystemTime(1_541_000);
    await auth.fetch(API);
    expect(detailOf('due')).toMatchObject({ waits: true });
  });

  test('F: that a token was refused, and the request sent once more', async () => {
    const answers = [unauthorized(), Response.json({})];
    const auth = await open({}, () => answers.shift() as Response);
    await auth.fetch(`${API}/me?secret=1`);
    expect(told().slice(2)).toEqual([
      ...['request', 'sent', 'refused', 'refresh', 'refresh-answered', 'token-refreshed'],
      ...['sent', 'response'],
    ]);
    expect(detailOf('refused')).toEqual({ manager: 1, url: `${API}/me`, method: 'GET', status: 401 });
    expect(detailOf('sent')).toMatchObject({ isReplay: true });
    expect(detailOf('response')).toMatchObject({ status: 200, durationMs: 0 });
  });

  test('G and H: how long a refresh took, and how it failed, in a word', async () => {
    const failing = async () => {
      vi.setSystemTime(Date.now() + 70);
      throw Object.assign(new Error('hush'), { name: 'TimeoutError' });
    };
    const auth = await open({ refresh: failing });
    await auth.refresh().catch(() => {});
    expect(detailOf('refresh-answered')).toEqual({
      ...{ manager: 1, ok: false, error: 'TimeoutError', durationMs: 70 },
    });
    expect(told()).toContain('refresh-failed');
  });

  test('H: in the word of the authorization server, where it has said one', async () => {
    const refused = { error: 'invalid_grant', error_description: 'hush' };
    const thrown = new TokenError('session-ended', { cause: Object.assign(new Error('hush'), refused) });
    const auth = await open({ refresh: () => Promise.reject(thrown) });
    await auth.refresh().catch(() => {});
    expect(detailOf('refresh-answered')).toMatchObject({ error: 'invalid_grant' });
  });

  test.for([
    ['a name that is a token', { name: 'hush.1' }],
    ['a name that is no text', { name: Symbol('hush') }],
    ['a code of its own', { name: 'TokenError', code: 'hush.2' }],
    ['a member that throws', Object.defineProperty({}, 'error', { get: () => expect.unreachable() })],
    ['nothing', undefined],
  ] as const)('R70: of what has %s no more than that it failed', async ([, thrown]) => {
    const auth = await open({ refresh: () => Promise.reject(thrown) }, () => {
      throw thrown;
    });
    await auth.refresh().catch(() => {});
    expect(detailOf('refresh-answered')?.['error']).toMatch(/^(Token)?Error$/);
    const left = await auth.fetch(API).then(
      () => 'answered',
      (error: unknown) => error,
    );
    expect(left).toBe(thrown);
    expect(detailOf('failed')?.['error']).toMatch(/^(Token)?Error$/);
  });

  test('of a `refresh` that throws before it has a promise as of one that rejects', async () => {
    const throwing = () => {
      throw new TokenError('session-ended');
    };
    const auth = await open({ refresh: throwing });
    await auth.refresh().catch(() => {});
    expect(detailOf('refresh-answered')).toMatchObject({ ok: false, error: 'TokenError: session-ended' });
    expect(detailOf('signed-out')).toMatchObject({ reason: 'ended' });
  });

  test('each request without the token, and why; the event comes once', async () => {
    const auth = await open();
    const events = vi.fn();
    auth.on('not-attached', events);
    for (let count = 0; count < 2; count++) await auth.fetch('https://else.example.com/x?secret=1');
    const bare = steps().filter(({ step }) => step === 'not-attached');
    expect(bare.map(({ detail }) => detail)).toEqual(
      Array(2).fill({ manager: 1, url: 'https://else.example.com/x', reason: 'not-allowed' }),
    );
    expect(events).toHaveBeenCalledOnce();
  });

  test('nothing of the query of a relative URL where there is no page', async () => {
    const auth = await open();
    await auth.fetch('/x?secret=1').catch(() => {});
    expect(detailOf('not-attached')).toMatchObject({ url: 'a relative URL', reason: 'no-page' });
    expect(JSON.stringify(steps())).not.toContain('secret');
  });

  test('R70: no path and no method that holds a token', async () => {
    const auth = await open();
    for (const path of ['secret', 'me']) await auth.fetch(`${API}/${path}/x`);
    await auth.fetch(`https://else.example.com/${btoa('secret')}`, { method: 'secret' });
    const urls = steps().flatMap(({ step, detail }) => (step === 'response' ? detail['url'] : []));
    expect(urls).toEqual([API, `${API}/me/x`, 'https://else.example.com']);
    await auth.refresh();
    // What is known by now.
    await auth.fetch(`${API}/secret-${issued}`);
    await auth.fetch(`${API}/me/x`, { headers: { authorization: 'own' } });
    expect(JSON.stringify(steps())).not.toMatch(/secret|c2Vjcm/);
    expect(detailOf('response')).toMatchObject({ url: `${API}/me/x`, method: 'GET' });
  });

  test('that a request rejected, without the text of the error', async () => {
    const auth = await open({}, () => {
      throw new TypeError('hush');
    });
    await expect(auth.fetch(API)).rejects.toThrow('hush');
    expect(detailOf('failed')).toMatchObject({ url: `${API}/`, error: 'TypeError' });
  });
});

test.runIf(!__DEVELOPMENT__)('R73: the production build tells nothing', async () => {
  const auth = await open();
  await auth.fetch(API);
  expect(steps()).toBeUndefined();
});
