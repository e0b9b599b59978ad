/** The code of docs/xhr.md for Angular, run as it stands there. */
import '@angular/compiler';
import * as http from '@angular/common/http';
import {
  createEnvironmentInjector,
  type EnvironmentInjector,
  Injector,
  provideZonelessChangeDetection,
  ɵINJECTOR_SCOPE,
} from '@angular/core';
import type { TokenManager } from 'evertoken';
import * as rxjs from 'rxjs';
import { expect, onTestFinished, test, vi } from 'vitest';
import { LIFETIME, startBackend } from '../test/support/backend.ts';
import { runRecipe } from '../test/support/recipe.ts';

interface Recipe {
  auth: TokenManager;
  authenticate: http.HttpInterceptorFn;
}

/** The recipe around a client before a backend. */
async function start(onSent = (_auth: TokenManager, _tokens: () => object) => {}) {
  const backend = await startBackend(({ request, response }) =>
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ token: request.headers.authorization })),
  );
  onTestFinished(backend[Symbol.asyncDispose]);
  const { origin } = backend;
  const { auth, authenticate } = runRecipe<Recipe>(
    'docs/xhr.md',
    'Angular’s HttpClient',
    { 'https://as.example.com': origin, 'https://api.example.com': origin },
    { '@angular/common/http': http, rxjs },
  );
  onTestFinished(() => auth.close());
  const sent: http.HttpRequest<unknown>[] = [];
  const count: http.HttpInterceptorFn = (request, next) => {
    sent.push(request);
    onSent(auth, backend.issue);
    return next(request);
  };
  const injector = createEnvironmentInjector(
    [
      http.provideHttpClient(http.withInterceptors([authenticate, count])),
      // What an application brings along, and a test without a page has not.
      { provide: ɵINJECTOR_SCOPE, useValue: 'root' },
      provideZonelessChangeDetection(),
    ],
    Injector.NULL as EnvironmentInjector,
  );
  const client = injector.get(http.HttpClient);
  const get = (url: string, headers = {}) => rxjs.firstValueFrom(client.get(url, { headers }));
  return { auth, backend, sent, get };
}

test('R22: docs/xhr.md, HttpClient: fifty requests with a refused token are sent again after one refresh', async () => {
  const { auth, backend, sent, get } = await start();
  await auth.signIn(backend.issue());
  backend.denyAll();
  const all = Array.from({ length: 50 }, (_, number) => get(`${backend.origin}/items/${number}`));
  expect(new Set(await Promise.all(all.map(async (one) => JSON.stringify(await one))))).toEqual(
    new Set(['{"token":"Bearer access-2"}']),
  );
  expect(sent).toHaveLength(100);
  expect(backend.stats).toMatchObject({ refused: 50, accepted: 50, refreshes: 1, reuse: 0 });
});

test('docs/xhr.md, HttpClient: a token that has expired is not sent', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  const { auth, backend, get } = await start();
  await auth.signIn(backend.issue());
  vi.setSystemTime(Date.now() + LIFETIME * 1000 + 1);
  expect(await get(`${backend.origin}/items`)).toEqual({ token: 'Bearer access-2' });
  expect(backend.stats).toMatchObject({ refused: 0, accepted: 1, refreshes: 1 });
});

test('docs/xhr.md, HttpClient: a second refusal is the caller’s', async () => {
  const { auth, backend, get } = await start();
  await auth.signIn(backend.issue());
  auth.on('token-refreshed', backend.denyAll);
  backend.denyAll();
  await expect(get(`${backend.origin}/items`)).rejects.toMatchObject({ status: 401 });
  expect(backend.stats).toMatchObject({ refused: 2, refreshes: 1 });
});

test('docs/xhr.md, HttpClient: no token goes where none is allowed, nor in the place of the caller’s own', async () => {
  const { auth, backend, sent, get } = await start();
  await auth.signIn(backend.issue());
  await get(`${backend.origin}/items`, { Authorization: 'Basic own' }).catch(() => {});
  await get(`${backend.origin.replace('127.0.0.1', 'localhost')}/items`).catch(() => {});
  expect(sent.map(({ headers }) => headers.get('authorization'))).toEqual(['Basic own', null]);
});

test('R32: docs/xhr.md, HttpClient: a request that was refused is not sent again as another user', async () => {
  const { auth, backend, sent, get } = await start((auth, issue) => void auth.signIn(issue()));
  await auth.signIn(backend.issue());
  backend.denyAll();
  await expect(get(`${backend.origin}/items`)).rejects.toMatchObject({ code: 'session-changed' });
  expect(sent).toHaveLength(1);
  expect(backend.stats.refreshes).toBe(0);
});
