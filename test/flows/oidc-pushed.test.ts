/** Authorization requests that go ahead of the user, where the server wants it so (RFC 9126). */
import { describe, expect, test } from 'vitest';
import { CALLBACK, createApp, createOidcServer, failureOf, ISSUER } from '../support/oidc-server.ts';

const demanding = { metadata: { require_pushed_authorization_requests: true } };

describe('RFC 9126: a server that wants its requests pushed', () => {
  test('gets all of it by POST, and the user’s URL shows nothing but the client and a name for it', async () => {
    const server = await createOidcServer(demanding);
    const { client, asked } = createApp(server, {
      scope: 'openid offline_access',
      resource: ['urn:a', 'urn:b'],
    });
    await client.signInRedirect({ prompt: 'login', loginHint: 'alice@example.com' });
    expect(asked()).toEqual({ client_id: 'spa', request_uri: 'urn:ietf:params:oauth:request_uri:0' });
    const [call] = server.to('/par');
    expect(call?.form).toMatchObject({
      client_id: 'spa',
      redirect_uri: CALLBACK,
      response_type: 'code',
      scope: 'openid offline_access',
      prompt: 'login',
      login_hint: 'alice@example.com',
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      state: expect.any(String),
    });
    expect(new URLSearchParams(`${call?.init?.body}`).getAll('resource')).toEqual(['urn:a', 'urn:b']);
  });

  test('signs the user in', async () => {
    const { signIn } = createApp(await createOidcServer(demanding));
    expect(await signIn({ returnTo: '/x' })).toMatchObject({ claims: { sub: 'alice' }, returnTo: '/x' });
  });

  test('and that refuses one is quoted, before anybody is sent anywhere', async () => {
    const server = await createOidcServer(demanding);
    const refusal = { error: 'invalid_request', error_description: 'redirect_uri is not registered' };
    server.answers['/par'] = () => Response.json(refusal, { status: 400 });
    const { client, left } = createApp(server);
    expect(await failureOf(client.signInRedirect())).toMatchObject({
      code: 'authorization-refused',
      error: 'invalid_request',
      status: 400,
      message: 'authorization refused: invalid_request redirect_uri is not registered',
    });
    expect(left).toEqual([]);
  });

  test.for([
    ['names no endpoint for it', { pushed_authorization_request_endpoint: undefined }, 'server-metadata'],
    [
      'names one that is not safe',
      { pushed_authorization_request_endpoint: 'http://x/par' },
      'server-metadata',
    ],
    ['is down', {}, 'unreachable'],
    ['cannot be reached', {}, 'unreachable'],
  ] as const)('and %s: a clear error', async ([what, metadata, code]) => {
    const server = await createOidcServer({ metadata: { ...demanding.metadata, ...metadata } });
    const down = new Response('', { status: 503 });
    server.answers['/par'] = () => (what === 'is down' ? down : Promise.reject(new TypeError('lost')));
    const { client, left } = createApp(server);
    expect(await failureOf(client.signInRedirect())).toMatchObject({ code });
    expect(left).toEqual([]);
  });
});

test('a server that only takes pushed requests, too, gets none: the login page is a round trip nearer', async () => {
  const server = await createOidcServer();
  const { client, left } = createApp(server);
  await client.signInRedirect();
  expect(server.to('/par')).toEqual([]);
  expect(left[0]).toContain(`${ISSUER}/auth?`);
});
