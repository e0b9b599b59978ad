/** Token requests with proofs (RFC 9449 §5, §8). */
import { decodeJwt } from 'jose';
import { expect, test, vi } from 'vitest';
import { generateKeyPair } from '../../src/dpop/proof.ts';
import { createSign } from '../../src/dpop/token-requests.ts';

const URL_OF_AS = 'https://as.example.com/token?tenant=1';
const key = { pair: await generateKeyPair('ES256'), marks: [] };
const challenge = (nonce?: string) =>
  Response.json({ error: 'use_dpop_nonce' }, { status: 400, headers: nonce ? { 'dpop-nonce': nonce } : {} });

/** A server that gives these answers, one after the other. */
function serve(...answers: (Response | Error)[]) {
  const requests: Request[] = [];
  const inits: (RequestInit | undefined)[] = [];
  const bind = vi.fn(async () => {});
  const fetch = async (input: RequestInfo | URL, init?: RequestInit) => {
    requests.push(new Request(input, init));
    inits.push(init);
    const answer = answers.shift();
    if (answer instanceof Response) return answer;
    throw answer;
  };
  return { requests, inits, bind, send: createSign(bind)(fetch, async () => key) };
}
const proofOf = (request: Request | undefined) => decodeJwt(`${request?.headers.get('dpop')}`);
const post = { method: 'POST', body: new URLSearchParams({ grant_type: 'refresh_token' }) };

test('the nonce that is asked for is sent at once, with the same body and a fresh proof', async () => {
  const { requests, bind, send } = serve(challenge('n1'), Response.json({ access_token: 'a' }));
  const response = await send(URL_OF_AS, { ...post, headers: { accept: 'application/json' } });
  expect(await response.json(), 'the caller can read it').toEqual({ access_token: 'a' });
  const [first, second] = requests;
  expect([await first?.text(), await second?.text()]).toEqual(Array(2).fill('grant_type=refresh_token'));
  expect(second?.headers.get('accept')).toBe('application/json');
  expect(proofOf(first)).toMatchObject({ htm: 'POST', htu: 'https://as.example.com/token' });
  expect(proofOf(first)['nonce']).toBeUndefined();
  expect(proofOf(second)['nonce']).toBe('n1');
  expect(proofOf(second).jti).not.toBe(proofOf(first).jti);
  expect(bind.mock.calls).toEqual([[key, { access_token: 'a' }]]);
});

test('a second challenge is the answer, and binds nothing', async () => {
  const { requests, bind, send } = serve(challenge('n1'), challenge('n2'));
  expect((await send(new Request(URL_OF_AS, post))).status).toBe(400);
  expect([requests.length, bind.mock.calls.length]).toEqual([2, 0]);
});

test('the nonce of any answer is that of the next request', async () => {
  const good = Response.json({}, { headers: { 'dpop-nonce': 'n1' } });
  const { requests, send } = serve(good, Response.json({}));
  await send(URL_OF_AS, post);
  await send(URL_OF_AS, post);
  expect(proofOf(requests[1])['nonce']).toBe('n1');
});

test('R6: a redirect is an error; fields that a Request does not know are handed on', async () => {
  const { inits, send } = serve(new Response('no JSON'));
  const response = await send(new Request(URL_OF_AS, post), {
    dispatcher: 'own',
    redirect: 'follow',
  } as RequestInit);
  expect(await response.text()).toBe('no JSON');
  expect(inits).toMatchObject([{ redirect: 'error', dispatcher: 'own' }]);
});

test('R6: who asks for the answer of a redirect gets it, and nobody follows it', async () => {
  const { inits, send } = serve(new Response('', { status: 307, headers: { location: '/elsewhere' } }));
  expect((await send(URL_OF_AS, { ...post, redirect: 'manual' })).status).toBe(307);
  expect(inits).toMatchObject([{ redirect: 'manual' }]);
});

test('what the network throws is thrown', async () => {
  const { send } = serve(new TypeError('lost'));
  await expect(send(URL_OF_AS, post)).rejects.toThrow('lost');
});

test('R37: of an answer no more than 1 MB is looked at, and one that is longer binds nothing', async () => {
  const seen = { bytes: 0 };
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller) => controller.enqueue(new TextEncoder().encode('{"access_token":"')),
    pull(controller) {
      seen.bytes += 100_000;
      controller.enqueue(new Uint8Array(100_000).fill(97));
    },
  });
  const { bind, send } = serve(new Response(body));
  const response = await send(URL_OF_AS, post);
  expect(seen.bytes).toBeLessThan(1_300_000);
  expect(bind).toHaveBeenCalledWith(key, {});
  await response.body?.cancel();
});

test('R37: what a page put on Object.prototype is no member of an answer', async () => {
  Object.assign(Object.prototype, { error: 'use_dpop_nonce', refresh_token: 'polluted' });
  try {
    const { requests, bind, send } = serve(Response.json({ access_token: 'a' }));
    await send(URL_OF_AS, post);
    expect(requests).toHaveLength(1);
    const [, answer] = (bind.mock.calls as unknown[][])[0] as [unknown, { refresh_token?: unknown }];
    expect(answer.refresh_token).toBeUndefined();
  } finally {
    for (const name of ['error', 'refresh_token']) Reflect.deleteProperty(Object.prototype, name);
  }
});
