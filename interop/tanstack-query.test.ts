/** The code of docs/tanstack-query.md, run as it stands there. */
import * as query from '@tanstack/react-query';
import type { TokenManager } from 'evertoken';
import { expect, onTestFinished, test, vi } from 'vitest';
import { jwt } from '../test/support/jwt.ts';
import { runRecipe } from '../test/support/recipe.ts';

const API = 'https://api.example.com';
const QUERIES = 10;

/** The recipe before servers of the test's own; time passes as the test says. */
function start() {
  vi.useFakeTimers();
  const calls = { token: 0, api: 0 };
  const servers = {
    token: (): Response =>
      Response.json({ access_token: `new-${calls.token}`, refresh_token: 'r', expires_in: 3600 }),
    /** The access token that is refused. */
    dead: 'none',
  };
  vi.stubGlobal('fetch', async (input: string | URL | Request, init?: RequestInit) => {
    const request = new Request(input, init);
    if (request.url.startsWith('https://as.')) {
      calls.token++;
      return servers.token();
    }
    calls.api++;
    const authorization = request.headers.get('authorization');
    if (authorization === `Bearer ${servers.dead}`) return new Response('', { status: 401 });
    return Response.json(`${authorization} ${new URL(request.url).pathname}`);
  });
  const modules = { '@tanstack/react-query': query };
  const { auth, queryClient } = runRecipe<{ auth: TokenManager; queryClient: query.QueryClient }>(
    'docs/tanstack-query.md',
    'The query client',
    {},
    modules,
  );
  queryClient.mount();
  onTestFinished(() => {
    auth.close();
    queryClient.clear();
    queryClient.unmount();
    vi.useRealTimers();
  });
  const observers = Array.from({ length: QUERIES }, (_, number) => {
    const queryFn = async () => {
      const answer = await auth.fetch(`${API}/${number}`);
      if (!answer.ok) throw new Error(`answered ${answer.status}`);
      return answer.json();
    };
    return new query.QueryObserver(queryClient, { queryKey: ['items', number], queryFn });
  });
  const watch = () => {
    for (const observer of observers) onTestFinished(observer.subscribe(() => {}));
  };
  const results = () => observers.map((observer) => observer.getCurrentResult());
  const signIn = (sub: string, access_token = `${sub}-1`) =>
    auth.signIn({ access_token, refresh_token: 'r', expires_in: 3600, id_token: jwt({ sub }) });
  return {
    auth,
    queryClient,
    calls,
    servers,
    watch,
    results,
    signIn,
    pass: (ms: number) => vi.advanceTimersByTimeAsync(ms),
  };
}

const all = <T>(value: T): T[] => Array<T>(QUERIES).fill(value);

test('docs/tanstack-query.md: ten queries fail once with the end of the session, and nobody hammers on', async () => {
  const { servers, calls, watch, results, signIn, pass } = start();
  await signIn('alice', 'dead');
  Object.assign(servers, {
    dead: 'dead',
    token: () => Response.json({ error: 'invalid_grant' }, { status: 400 }),
  });
  watch();
  await pass(1_000);
  expect(results().map(({ error }) => (error as { code?: string } | null)?.code)).toEqual(
    all('session-ended'),
  );
  const after = { ...calls };
  expect(after).toEqual({ token: 1, api: QUERIES });
  await pass(600_000);
  expect(calls).toEqual(after);
});

test('docs/tanstack-query.md: signed out, a query sends nothing and is not repeated', async () => {
  const { calls, watch, results, pass } = start();
  watch();
  await pass(600_000);
  expect(results().map(({ error }) => (error as { code?: string } | null)?.code)).toEqual(all('signed-out'));
  expect(calls).toEqual({ token: 0, api: 0 });
});

test('docs/tanstack-query.md: while the authorization server is down all wait until retryAt, for one refresh', async () => {
  const { servers, calls, watch, results, signIn, pass } = start();
  await signIn('alice', 'dead');
  const { token } = servers;
  Object.assign(servers, {
    dead: 'dead',
    token: () => new Response('', { status: 503, headers: { 'retry-after': '100' } }),
  });
  watch();
  await pass(50_000);
  expect(results().map(({ status, failureCount }) => [status, failureCount])).toEqual(all(['pending', 1]));
  const { token: asked } = calls;
  servers.token = token;
  await pass(60_000);
  expect(results().map(({ status }) => status)).toEqual(all('success'));
  expect(calls.token).toBe(asked + 1);
});

test('docs/tanstack-query.md: what an API answers wrongly is repeated three times, as always', async () => {
  const { servers, calls, watch, results, signIn, pass } = start();
  await signIn('alice', 'fine');
  vi.stubGlobal('fetch', async () => {
    calls.api++;
    return new Response('', { status: 500 });
  });
  watch();
  await pass(60_000);
  expect(results().map(({ status }) => status)).toEqual(all('error'));
  expect(calls.api).toBe(QUERIES * 4);
  expect(servers.dead).toBe('none');
});

test('docs/tanstack-query.md: another user sees nothing of the one before; the same user keeps the data', async () => {
  const { auth, queryClient, servers, calls, watch, results, signIn, pass } = start();
  await signIn('alice');
  watch();
  await pass(1_000);
  expect(results()[0]?.data).toBe('Bearer alice-1 /0');

  await signIn('alice', 'alice-2');
  await pass(1_000);
  expect(calls.api).toBe(QUERIES);
  expect(results()[0]?.data).toBe('Bearer alice-1 /0');

  await signIn('bob');
  const shown: unknown[] = [];
  onTestFinished(
    queryClient.getQueryCache().subscribe(() => shown.push(...results().map(({ data }) => data))),
  );
  expect(results().map(({ data }) => data)).toEqual(all(undefined));
  await pass(1_000);
  expect(results()[0]?.data).toBe('Bearer bob-1 /0');
  expect(shown.filter((data) => `${data}`.includes('alice'))).toEqual([]);

  servers.dead = 'none';
  await auth.signOut();
  expect(queryClient.getQueryCache().getAll()).toEqual([]);
});
