import type { Attach } from 'evertoken';
import { describe, expect, test, vi } from 'vitest';
import { failure, ME, names, outcome, signedIn, status } from '../support/refresh.ts';
import { deferred, unauthorized } from '../support/world.ts';

/** Puts a number on each sending, and asks for a retry when the server wants a nonce. */
function numbered() {
  let sent = 0;
  const onResponse = vi.fn<NonNullable<Attach['onResponse']>>((response) =>
    response.headers.has('nonce') ? 'retry' : undefined,
  );
  const attach: Attach = {
    tokenTypes: ['bearer'],
    headers: ({ tokens }) => ({ authorization: `Bearer ${tokens.accessToken}`, 'x-proof': `${++sent}` }),
    onResponse,
  };
  return { attach, onResponse };
}

const nonce =
  (code = 401) =>
  () =>
    new Response('nonce', { status: code, headers: { nonce: 'n' } });
const proofs = (seen: { headers: Headers }[]) => seen.map(({ headers }) => headers.get('x-proof'));

describe('when `attach` asks for a retry', () => {
  test.each([401, 400, 200])(
    'R27: a %d is sent once more with fresh headers, without a refresh',
    async (code) => {
      const { attach, onResponse } = numbered();
      const { world, auth, heard } = await signedIn({ attach });
      world.answerApi = () => (world.api.length === 1 ? nonce(code)() : Response.json({ ok: true }));
      const response = await auth.fetch(ME, { method: 'POST', body: 'same' });
      expect(await response.json()).toEqual({ ok: true });
      expect(proofs(world.api)).toEqual(['1', '2']);
      expect(world.api.map(({ body }) => body)).toEqual(['same', 'same']);
      expect([world.refreshes.length, heard.length]).toEqual([0, 0]);
      expect(onResponse.mock.calls[0]?.[1]).toEqual({ method: 'POST', url: ME, tokens: auth.tokens });
    },
  );

  test.each([400, 401])(
    'R27: it happens once per request, however often the server says %d',
    async (code) => {
      const { attach } = numbered();
      const { world, auth } = await signedIn({ attach });
      world.answerApi = nonce(code);
      expect(await status(auth.fetch(ME))).toBe(code);
      expect([world.api.length, world.refreshes.length]).toEqual([2, 0]);
    },
  );

  test('R27: `attach` is told of one request by one object, until its tokens are replaced', async () => {
    const { attach, onResponse } = numbered();
    const headers = vi.fn(attach.headers);
    const { world, auth } = await signedIn({ attach: { ...attach, headers } });
    world.answerApi = ({ authorization }) => {
      if (world.api.length === 1) return nonce()();
      return authorization === 'Bearer access-1' ? Response.json({}) : unauthorized();
    };
    await auth.fetch(ME);
    const [first, retried, replayed] = headers.mock.calls.map(([request]) => request);
    expect(retried).toBe(first);
    expect(replayed).not.toBe(first);
    expect(onResponse.mock.calls.map(([, request]) => request)).toEqual([first, retried, replayed]);
  });

  test('R21, R27: a refusal after the retry is refreshed and replayed with fresh headers', async () => {
    const { attach } = numbered();
    const { world, auth } = await signedIn({ attach });
    world.answerApi = ({ authorization }) => {
      if (world.api.length === 1) return nonce()();
      return authorization === 'Bearer access-1' ? Response.json({}) : unauthorized();
    };
    expect(await status(auth.fetch(ME))).toBe(200);
    expect(proofs(world.api)).toEqual(['1', '2', '3']);
    expect(world.refreshes).toHaveLength(1);
  });

  test('R21, R27: the replay may be retried when the request was not', async () => {
    const { attach } = numbered();
    const { world, auth } = await signedIn({ attach });
    const answers = [unauthorized, nonce(), () => Response.json({})];
    world.answerApi = () => answers[world.api.length - 1]?.() ?? unauthorized();
    expect(await status(auth.fetch(ME))).toBe(200);
    expect([world.api.length, world.refreshes.length]).toEqual([3, 1]);
  });

  test('R24, R27: a stream is not sent once more: its answer is returned whole', async () => {
    const { attach } = numbered();
    const { world, auth } = await signedIn({ attach });
    world.answerApi = nonce(400);
    const init = { method: 'POST', body: new Blob(['x']).stream(), duplex: 'half' };
    const response = await auth.fetch(ME, init);
    expect([response.status, await response.text()]).toEqual([400, 'nonce']);
    expect(world.api).toHaveLength(1);
  });

  test('R24, R27: a stream whose retry is wanted is no refusal', async () => {
    const { attach } = numbered();
    const { world, auth } = await signedIn({ attach });
    world.answerApi = nonce(401);
    const init = { method: 'POST', body: new Blob(['x']).stream(), duplex: 'half' };
    expect(await status(auth.fetch(ME, init))).toBe(401);
    expect([world.api.length, world.refreshes.length]).toEqual([1, 0]);
  });

  test('R27: a network error of the second sending is the caller’s', async () => {
    const { attach } = numbered();
    const { world, auth } = await signedIn({ attach });
    const lost = new TypeError('fetch failed');
    world.answerApi = () => (world.api.length === 1 ? nonce()() : Promise.reject(lost));
    expect(await failure(auth.fetch(ME))).toBe(lost);
  });

  test('R27: each request has a retry of its own', async () => {
    const { attach } = numbered();
    const { world, auth } = await signedIn({ attach });
    world.answerApi = ({ headers }) => (Number(headers.get('x-proof')) <= 3 ? nonce()() : Response.json({}));
    const answers = await Promise.all([1, 2, 3].map((n) => status(auth.fetch(`${ME}/${n}`))));
    expect(answers).toEqual([200, 200, 200]);
    expect([world.api.length, world.refreshes.length]).toEqual([6, 0]);
  });

  test('R27, R32: signed out meanwhile, it is not sent once more', async () => {
    const { attach } = numbered();
    const { world, auth } = await signedIn({ attach });
    const late = deferred<Response>();
    world.answerApi = () => late.promise;
    const result = outcome(auth.fetch(ME));
    await vi.waitFor(() => expect(world.api).toHaveLength(1));
    await auth.signOut();
    late.resolve(nonce()());
    expect(await result).toBe('session-changed');
    expect(world.api).toHaveLength(1);
  });

  test('R27: headers are asked for afresh after a refresh as well', async () => {
    const { attach } = numbered();
    const { world, auth, heard } = await signedIn({ attach, good: 'access-1' });
    expect(await status(auth.fetch(ME))).toBe(200);
    expect(proofs(world.api)).toEqual(['1', '2']);
    expect(names(heard)).toEqual(['token-refreshed']);
  });
});

test('R32: signed out while the headers are made, a request is not sent', async () => {
  const made = deferred<Record<string, string>>();
  const attach: Attach = { tokenTypes: ['bearer'], headers: () => made.promise };
  const { world, auth } = await signedIn({ attach });
  const result = outcome(auth.fetch(ME));
  await auth.signOut();
  made.resolve({ authorization: 'Bearer access-0' });
  expect(await result).toBe('session-changed');
  expect(world.api).toHaveLength(0);
});
