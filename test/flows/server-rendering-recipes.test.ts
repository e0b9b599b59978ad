/** The code of docs/server-rendering.md, run as it stands there. */

import * as evertoken from 'evertoken';
import { memoryStore, type TokenManager } from 'evertoken';
import { createAuthorizationServer } from 'evertoken/testing';
import { expect, onTestFinished, test, vi } from 'vitest';
import { runRecipe } from '../support/recipe.ts';

const PATH = 'docs/server-rendering.md';

test('R57: a module that a server renders sends nothing, starts no timer and knows nobody', () => {
  const touched = vi.fn(() => {
    throw new Error('not outside a request');
  });
  for (const name of ['fetch', 'setTimeout', 'setInterval', 'BroadcastChannel']) vi.stubGlobal(name, touched);
  const { auth, view } = runRecipe<{ auth: TokenManager; view(): string }>(
    PATH,
    'A module that a server renders',
  );
  expect([auth.status, view()]).toEqual(['signed-out', 'skeleton']);
  vi.stubGlobal('document', {});
  expect(view()).toBe('login');
  expect(touched).not.toHaveBeenCalled();
});

interface Server {
  managerFor(session: string): TokenManager;
  render(session: string): Promise<string>;
  forget(session: string): Promise<void>;
}

test('R50: one manager for each request: users never mix, and requests of one user refresh once', async () => {
  const server = createAuthorizationServer();
  const api = server.guard(({ session }) => new Response(session.subject));
  vi.stubGlobal('fetch', async (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init);
    return (await server.respond(request)) ?? api({ request });
  });
  const { managerFor, render, forget } = runRecipe<Server>(PATH, 'One manager for each request');
  for (const subject of ['alice', 'bob']) {
    using auth = managerFor(subject);
    await auth.signIn(await server.issue({ subject }));
  }
  const visits = Array.from({ length: 50 }, (_, number) => (number % 2 ? 'alice' : 'bob'));
  const pages = visits.map((user) => `<h1>${user}</h1>`);
  expect(await Promise.all(visits.map(render))).toEqual(pages);

  server.expireAccessToken();
  expect(await Promise.all(visits.map(render))).toEqual(pages);
  expect(server.refreshes.map(({ subject }) => subject).sort()).toEqual(['alice', 'bob']);

  await forget('alice');
  expect(await Promise.all(['alice', 'bob', 'nobody'].map(render))).toEqual([
    '<a href="/login">Sign in</a>',
    '<h1>bob</h1>',
    '<a href="/login">Sign in</a>',
  ]);
});

test('R31, R57: a framework that has the module twice in one process: one refresh, one session', async () => {
  const server = createAuthorizationServer();
  const api = server.guard(({ session }) => new Response(session.subject));
  vi.stubGlobal('fetch', async (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init);
    return (await server.respond(request)) ?? api({ request });
  });
  const [page, route] = ['page', 'route'].map(() => runRecipe<Server>(PATH, 'One manager for each request'));
  if (!page || !route) throw new Error('the recipe exports nothing');
  using auth = page.managerFor('carol');
  await auth.signIn(await server.issue({ subject: 'carol' }));
  server.expireAccessToken();
  const answers = [page, route, page, route].map(({ render }) => render('carol'));
  expect(new Set(await Promise.all(answers))).toEqual(new Set(['<h1>carol</h1>']));
  expect([server.refreshes.length, server.reuses.length]).toEqual([1, 0]);
});

/** What Vite keeps of a module over its reloads. */
const createHot = () => vi.stubGlobal('hot', { data: {} });

/** Evaluates the module once more. */
const evaluate = (heading: string, modules?: Record<string, object>) =>
  runRecipe<{ auth: TokenManager }>(PATH, heading, { 'import.meta.hot': 'globalThis.hot' }, modules).auth;

test('hot reload with a store: the old manager is closed, the new one goes on with the session', async () => {
  createHot();
  const store = memoryStore();
  // There is no page here, so what a page shares stands in for it.
  const modules = { evertoken: { ...evertoken, webStore: () => store } };
  const first = evaluate('Hot reload with a store', modules);
  await first.signIn({ access_token: 'token' });
  const second = evaluate('Hot reload with a store', modules);
  onTestFinished(() => second.close());
  expect(await second.getAccessToken()).toBe('token');
  await expect(first.getAccessToken()).rejects.toMatchObject({ code: 'closed' });
});

test('hot reload without a store: the manager is handed over, and nothing is left behind', async () => {
  createHot();
  const first = evaluate('Hot reload without a store');
  onTestFinished(() => first.close());
  await first.signIn({ access_token: 'token' });
  const second = evaluate('Hot reload without a store');
  expect(second).toBe(first);
  expect(await second.getAccessToken()).toBe('token');
});
