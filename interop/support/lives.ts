/** Drives one client through several lives of a token. */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { TokenEvents, TokenManager } from 'evertoken';
import { expect } from 'vitest';
import { type Call, startBackend } from '../../test/support/backend.ts';
import { runRecipe } from '../../test/support/recipe.ts';
import { type Calls, type Client, echo } from './client.ts';
import type { Clock } from './clock.ts';

/** How long a token lives (ms). */
export const LIFE = 500;
const CALLS = 200;
const BURST = 10;
/** Between two bursts (ms). */
const PAUSE = 100;
/** The bursts before which the server refuses all tokens. */
const DENIED = [6, 15];
/** The burst after which nobody asks for longer than a token lives. */
const QUIET = 9;

type Holder = ReturnType<typeof createHolder>;

/** Calls that the server never answers, by their text. */
function createHolder() {
  const held = new Map<string, PromiseWithResolvers<ServerResponse>>();
  return {
    /** Resolves when the server has it. */
    expect(text: string): Promise<ServerResponse> {
      const arrived = Promise.withResolvers<ServerResponse>();
      held.set(text, arrived);
      return arrived.promise;
    },
    /** Whether it was one to be held. */
    take({ request, response, body }: Call): boolean {
      const all = `${decodeURIComponent(request.url ?? '')} ${body}`;
      const text = /held-\d+/.exec(all)?.[0];
      const one = text && held.get(text);
      if (!one) return false;
      one.resolve(response);
      return true;
    },
  };
}

const toRequest = ({ request, bytes }: Call, origin: string): Request =>
  new Request(new URL(request.url ?? '/', origin), {
    method: request.method ?? 'GET',
    headers: Object.entries(request.headers as Record<string, string>),
    ...(bytes.length && { body: new Uint8Array(bytes) }),
  });

async function send(response: ServerResponse, answer: Response): Promise<void> {
  response.setHeaders(answer.headers);
  response.writeHead(answer.status);
  if (!answer.body) return void response.end();
  // Who has cancelled reads no further.
  await pipeline(Readable.fromWeb(answer.body as never), response).catch(() => {});
}

/** The client of a page of docs/ before a backend of its own. */
async function start<Recipe>(
  { heading, modules, serve = echo, use }: Client<Recipe>,
  atEnd: (task: () => void | Promise<void>) => void,
) {
  const holder = createHolder();
  const answer = async (call: Call) => {
    if (holder.take(call)) return;
    try {
      await send(call.response, await serve(toRequest(call, backend.origin)));
    } catch (error) {
      call.response.writeHead(500).end(`${error}`);
    }
  };
  const backend = await startBackend(answer, undefined, LIFE / 1000);
  atEnd(backend[Symbol.asyncDispose]);
  const { origin } = backend;
  const replaced = { 'https://as.example.com': origin, 'https://api.example.com': origin };
  const recipe = runRecipe<Recipe & { auth: TokenManager }>('docs/clients.md', heading, replaced, modules);
  atEnd(() => recipe.auth.close());
  // Supabase asks for a token when it is created.
  await recipe.auth.getAccessToken();
  await recipe.auth.signIn(backend.issue());
  const calls = await use(recipe, origin, atEnd);
  return { auth: recipe.auth, backend, calls, holder };
}

/** What the client's calls come to. */
function createRun<Recipe>(
  { outcome = /abort|cancel/i, keepsConnection }: Client<Recipe>,
  calls: Calls,
  holder: Holder,
) {
  const failures: string[] = [];
  let answered = 0;

  async function call(number: number): Promise<void> {
    const text = `text-${number}-äöü`;
    const given = await calls.mixed[number % calls.mixed.length]?.(text);
    if (given !== text) throw new Error(`expected ${text}, got ${JSON.stringify(given)}`);
  }

  async function cancel(number: number): Promise<void> {
    if (!calls.cancelled) return call(number);
    const text = `held-${number}`;
    const controller = new AbortController();
    const arrived = holder.expect(text);
    const end = calls.cancelled(text, controller.signal).then(
      (value) => `answered ${value}`,
      ({ name, message }: Error) => `${name}: ${message}`,
    );
    const held = await Promise.race([arrived, end]);
    if (typeof held === 'string') throw new Error(`it ended before it was cancelled: ${held}`);
    controller.abort();
    const said = await end;
    if (held.headersSent) throw new Error('the server has answered');
    if (!outcome.test(said)) throw new Error(`cancelled, it ended with: ${said}`);
    if (!keepsConnection && !held.closed) await once(held, 'close');
    held.destroy();
  }

  return {
    failures,
    answered: () => answered,
    /** Never rejects. */
    async make(number: number): Promise<void> {
      try {
        await (number % BURST ? call(number) : cancel(number));
        answered++;
      } catch (error) {
        failures.push(`call ${number}: ${error}`);
      }
    },
  };
}

/**
 * 200 calls in bursts: over tokens that grow old, a token that expires while nobody asks, and tokens that the server
 * refuses before their time.
 */
export async function liveWith<Recipe>(
  client: Client<Recipe>,
  clock: Clock,
  atEnd: (task: () => void | Promise<void>) => void,
): Promise<void> {
  const { auth, backend, calls, holder } = await start(client, atEnd);
  const refreshed: TokenEvents['token-refreshed'][] = [];
  auth.on('token-refreshed', (event) => refreshed.push(event));
  const run = createRun(client, calls, holder);
  const begun = Date.now();
  const all: Promise<void>[] = [];
  for (let burst = 0; burst < CALLS / BURST; burst++) {
    if (DENIED.includes(burst)) backend.denyAll();
    for (let number = burst * BURST; number < (burst + 1) * BURST; number++) all.push(run.make(number));
    await clock.wait(burst === QUIET ? LIFE + PAUSE : PAUSE);
  }
  await Promise.all(all);
  if (run.failures.length) throw new Error(run.failures.join('\n'));
  expect(run.answered()).toBe(CALLS);
  checkLives(refreshed, Date.now() - begun);
  expect(backend.stats).toMatchObject({ reuse: 0, refreshes: refreshed.length });
  expect(auth.status).toBe('signed-in');
}

/** One refresh for each life: none before three quarters of it are over, unless the server has ended it. */
function checkLives(refreshed: TokenEvents['token-refreshed'][], elapsed: number): void {
  const causes = refreshed.map(({ cause }) => cause);
  expect(causes).toEqual(expect.arrayContaining(['ahead', 'expired', 'rejected']));
  const rejected = causes.filter((cause) => cause === 'rejected').length;
  expect(refreshed.length).toBeLessThanOrEqual(elapsed / (LIFE * 0.75) + DENIED.length);
  const ends = refreshed.map(({ expiresAt = 0 }) => expiresAt);
  const early = ends.filter((end, index) => index && end - (ends[index - 1] ?? 0) < LIFE * 0.75);
  expect(early.length).toBeLessThanOrEqual(rejected);
}
