/**
 * Lives one session again and again, each time with one more name on `Object.prototype`, and tells with which of them
 * anything went another way than without (R37). In a process of its own: a test runner would stumble over them.
 *
 * Arguments: the folder of a build, and which session it is.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type * as core from 'evertoken';
import type * as dpopModule from 'evertoken/dpop';
import type * as firebaseModule from 'evertoken/firebase';
import type * as oidcModule from 'evertoken/oidc';
import { polluted } from './polluted.ts';

const [dist = '', story = ''] = process.argv.slice(2);
const load = async <T>(entry: string): Promise<T> => import(join(dist, `${entry}.js`));
const { createTokenManager, explain, refreshEndpoint, revokeEndpoint, tokenStore } =
  await load<typeof core>('index');

const endpoint = 'https://as.example.com/token';
const clientId = 'spa';

/** What each session has beside a `fetch` and what it allows. */
const stories: Record<string, () => Promise<Partial<core.TokenManagerOptions>> | object> = {
  tokenStore() {
    let entry: core.StoreEntry | undefined;
    const port: core.StorePort = {
      read: async () => entry,
      async replace(version, next) {
        if (entry?.version !== version) return false;
        entry = next;
        return true;
      },
    };
    // Without the members that `bearer()` has.
    const attach: core.Attach = {
      tokenTypes: ['bearer'],
      headers: ({ tokens }) => ({ authorization: `Bearer ${tokens.accessToken}` }),
    };
    return { store: tokenStore(port), attach };
  },
  refreshEndpoint: () => ({
    refresh: refreshEndpoint({ url: endpoint, clientId, scope: 'a b', parameters: { tenant: 'x' } }),
    revoke: revokeEndpoint({ url: 'https://as.example.com/revoke', clientId }),
  }),
  async firebase() {
    const { identityToolkit } = await load<typeof firebaseModule>('firebase');
    return identityToolkit({ apiKey: 'key' });
  },
  async dpop() {
    const { dpop } = await load<typeof dpopModule>('dpop');
    const proofs = dpop('shop');
    return { attach: proofs, refresh: proofs.refresh(refreshEndpoint({ url: endpoint, clientId })) };
  },
  async oidc() {
    const { createOidcClient } = await load<typeof oidcModule>('oidc');
    const redirectUri = 'https://app.example.com/callback';
    const { refresh, revoke } = createOidcClient({ issuer: 'https://as.example.com', clientId, redirectUri });
    return { refresh, revoke };
  },
};

const metadata = {
  issuer: 'https://as.example.com',
  token_endpoint: endpoint,
  authorization_endpoint: 'https://as.example.com/authorize',
  revocation_endpoint: 'https://as.example.com/revoke',
};

/** One session, from its sign-in to its end; answers all that anybody could see of it. */
async function live(): Promise<string[]> {
  const seen: string[] = [];
  const tokenType = story === 'dpop' ? 'DPoP' : 'Bearer';
  let [count, mode, dead] = [0, 'works', ''];

  async function answer({ url }: Request, authorization: string | null): Promise<Response> {
    if (url.includes('.well-known')) return Response.json(metadata);
    if (url.includes('revoke')) return new Response();
    if (/as\.example|google/.test(url)) {
      if (mode === 'down') return new Response(null, { status: 400 });
      const error = story === 'firebase' ? { message: 'TOKEN_EXPIRED' } : 'invalid_grant';
      if (mode === 'over') return Response.json({ error }, { status: 400 });
      count++;
      const tokens = { access_token: `a${count}`, id_token: story === 'firebase' ? `i${count}` : undefined };
      return Response.json({
        ...tokens,
        refresh_token: `r${count}`,
        expires_in: 3_600,
        token_type: tokenType,
      });
    }
    if (url.includes('password')) return Response.json({ access_token: 'captured', token_type: tokenType });
    const challenge = 'Bearer error="insufficient_scope", scope="pay"';
    if (url.includes('pay'))
      return new Response(null, { status: 403, headers: { 'www-authenticate': challenge } });
    return new Response(null, { status: authorization === dead ? 401 : 200 });
  }
  async function send(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    const request = new Request(input, init);
    const { method, url, redirect, credentials, headers } = request;
    const text = await request.text();
    seen.push(`${method} ${url} ${redirect} ${credentials} ${text}`);
    // A proof is another one each time.
    for (const [name, value] of headers) seen.push(`${name}: ${name === 'dpop' ? '' : value}`);
    return answer(request, headers.get('authorization'));
  }
  /** What a call came to. */
  async function say(call: string, task: () => unknown): Promise<void> {
    try {
      seen.push(`${call}: ${await task()}`);
    } catch (error) {
      const { name, message, code } = error as Error & { code?: string };
      seen.push(`${call} threw ${name} ${code}: ${message}`);
    }
  }
  async function refresh({ tokens }: Parameters<core.Refresh>[0]): Promise<unknown> {
    seen.push(`refresh ${tokens?.refreshToken}`);
    if (mode === 'down') throw new Error('down');
    if (mode === 'over') throw Object.assign(new Error('over'), { error: 'invalid_grant' });
    return { access_token: `a${++count}`, refresh_token: `r${count}`, expires_in: 3_600 };
  }

  globalThis.fetch = send;
  const api = 'https://api.example.com';
  const auth = createTokenManager({
    ...{ refresh, fetch: send, capture: [{ url: `${api}/password` }] },
    allow: [api, { url: 'https://b.example.com', token: 'required' }],
    ...(await stories[story]?.()),
  });
  auth.on('*', (event, payload) => {
    seen.push(event);
    for (const [name, value] of Object.entries(payload))
      seen.push(`${name} ${value instanceof Error ? value.message : typeof value === 'number' ? '' : value}`);
  });
  const get = async (url: string, init?: RequestInit) => (await auth.fetch(url, init)).status;
  const signIn = (name: string) =>
    auth.signIn({ access_token: name, refresh_token: `r-${name}`, expires_in: 3_600, token_type: tokenType });

  await say('ready', () => auth.ready);
  await say('signed out', () => get(api));
  await say('required', () => get('https://b.example.com'));
  await say('signIn', () => signIn('first'));
  await say('GET', () => get(api));
  await say('POST', () => get(api, { method: 'POST', body: '{}', headers: { accept: 'text/plain' } }));
  await say(
    'a Request',
    async () => (await auth.fetch(new Request(api, { method: 'PUT', body: 'x' }))).status,
  );
  await say('a form', () => get(api, { method: 'POST', body: new URLSearchParams({ a: '1' }) }));
  await say('not allowed', () => get('https://other.example.com'));
  await say('own header', () => get(api, { headers: { Authorization: 'mine' } }));
  await say('explain', () => JSON.stringify(explain(auth, api)));
  await say('step up', () => get(`${api}/pay`));
  await say('refresh', async () => (await auth.refresh()).accessToken);
  dead = `${tokenType} ${auth.tokens?.accessToken}`;
  await say('refused', () => get(api, { method: 'PUT', body: 'x' }));
  await say('captured', () => get(`${api}/password`));
  await say('getAccessToken', () => auth.getAccessToken({ minValidity: 1_000 }));
  mode = 'down';
  await say('down', () => auth.refresh());
  await say('still', () => get(api));
  mode = 'works';
  await say('again', async () => (await auth.refresh()).accessToken);
  await say('signOut', () => auth.signOut());
  await say('signIn', () => signIn('second'));
  mode = 'over';
  await say('over', () => auth.refresh());
  await say('state', () => [auth.status, auth.tokens, auth.sessionId]);
  auth.close();
  await say('closed', () => get(api));
  return seen.map((line) => line.replace(/\b[0-9a-f-]{36}\b/gi, 'an id'));
}

/** What the platform makes of no option. */
const basicsOf = ({ credentials, redirect, mode, cache, method, headers }: Request) =>
  [credentials, redirect, mode, cache, method, ...headers].join();
const basics = basicsOf(new Request('https://a.example.com', {}));

/** Whether the platform's own objects bear it: what nobody's page could live with is no matter of ours. */
async function isBearable(): Promise<boolean> {
  try {
    const body = new URLSearchParams({ a: '1' });
    const request = new Request('https://a.example.com', { method: 'POST', body, headers: { a: 'b' } });
    await request.clone().text();
    await Response.json({}).clone().json();
    Object.defineProperty({}, 'a', { value: 1 });
    new ReadableStream({});
    new TransformStream({});
    return basicsOf(new Request('https://a.example.com', {})) === basics;
  } catch {
    return false;
  }
}

/** Whatever stands behind a dot or in a literal: what this package reads of objects, its own and others'. */
const namesIn = (entry: string) =>
  [...readFileSync(join(dist, `${entry}.js`), 'utf8').matchAll(/(?:\.|[{,]\s*)([A-Za-z_]\w+)/g)].map(
    ([, name]) => name as string,
  );

const own = ['firebase', 'dpop', 'oidc'].includes(story) ? story : undefined;
// With a `then` everything would be a promise that nobody settles.
const known = new Set([
  'then',
  ...(own ? namesIn('index') : []),
  ...Object.getOwnPropertyNames(Object.prototype),
]);
const names = [...new Set(namesIn(own ?? 'index'))].filter((name) => !known.has(name));
const expected = await live();
const differing: string[] = [];
let tried = 0;
for (const name of names) {
  for (const value of ['x', Object.assign(() => 'x', { error: 'x' })]) {
    const found = await polluted({ [name]: value }, async () =>
      (await isBearable()) ? live().catch((error) => [`${error}`]) : undefined,
    );
    if (!found) continue;
    tried++;
    const longer = found.length > expected.length ? found : expected;
    const at = longer.findIndex((_line, index) => expected[index] !== found[index]);
    if (at >= 0) differing.push(`${name} as ${typeof value}: ${found[at]}, and not ${expected[at]}`);
  }
}
process.stdout.write(JSON.stringify({ differing, tried, lines: expected.length }));
process.exit();
