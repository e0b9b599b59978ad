/** The code of docs/sdks.md, run as it stands there. */

import * as compatible from '@ai-sdk/openai-compatible';
import Anthropic from '@anthropic-ai/sdk';
import * as supabase from '@supabase/supabase-js';
import * as ai from 'ai';
import { asTokenError, type TokenManager } from 'evertoken';
import OpenAI, { APIConnectionError } from 'openai';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { type Backend, type Call, LIFETIME, startBackend } from '../test/support/backend.ts';
import { runRecipe } from '../test/support/recipe.ts';

interface Recipe {
  auth: TokenManager;
  ask(content: string): Promise<unknown>;
  read?(content: string): AsyncGenerator<string>;
}

const modules = {
  '@ai-sdk/openai-compatible': compatible,
  '@anthropic-ai/sdk': { default: Anthropic },
  '@supabase/supabase-js': supabase,
  ai,
  openai: { default: OpenAI },
};

/** The recipe before a backend. */
function run(heading: string, { origin }: Backend, api = 'https://api.example.com'): Recipe {
  const replaced = { 'https://as.example.com': origin, [api]: origin };
  const recipe = runRecipe<Recipe>('docs/sdks.md', heading, replaced, modules);
  onTestFinished(() => recipe.auth.close());
  return recipe;
}

const json = ({ response }: Call, body: object) =>
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));

const content = ({ body }: Call): string => JSON.parse(body).messages[0].content;

const completion = (call: Call) =>
  json(call, {
    id: 'chat-1',
    object: 'chat.completion',
    created: 1,
    model: 'small',
    choices: [{ index: 0, message: { role: 'assistant', content: content(call) }, finish_reason: 'stop' }],
  });

const message = (call: Call) =>
  json(call, {
    id: 'msg-1',
    type: 'message',
    role: 'assistant',
    model: 'small',
    content: [{ type: 'text', text: content(call) }],
    stop_reason: 'end_turn',
    usage: { input_tokens: 1, output_tokens: 1 },
  });

const row = (call: Call) => {
  const { searchParams } = new URL(call.request.url ?? '', 'http://localhost');
  json(call, { text: searchParams.get('name')?.replace('eq.', '') });
};

const apiKey = ({ headers }: Call['request']) => `${headers['x-api-key']}`;

// The clock jumps where a life ends; timers and the network go on in real time.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  return () => vi.useRealTimers();
});

test.for([
  { heading: 'OpenAI', answer: completion },
  { heading: 'Anthropic', answer: message },
  { heading: 'Anthropic, a gateway that reads `x-api-key`', answer: message, tokenOf: apiKey },
  { heading: 'AI SDK', answer: completion },
  { heading: 'Supabase', answer: row, api: 'https://project.supabase.co' },
])(
  'docs/sdks.md, $heading: 100 calls over five lives of a token all carry a good one, with one refresh for each',
  async ({ heading, answer, tokenOf, api }) => {
    vi.stubEnv('ANTHROPIC_API_KEY', 'of the environment');
    const keys = new Set<unknown>();
    await using backend = await startBackend((call) => {
      const { authorization, 'x-api-key': key } = call.request.headers;
      for (const header of [authorization, key]) if (!/access-\d$/.test(`${header}`)) keys.add(header);
      answer(call);
    }, tokenOf);
    const { auth, ask } = run(heading, backend, api);
    // Supabase asks for a token when it is created.
    expect(await auth.getAccessToken()).toBeUndefined();
    await auth.signIn(backend.issue());
    const answers: unknown[] = [];
    for (const life of [1, 2, 3, 4, 5]) {
      const questions = Array.from({ length: 20 }, (_, number) => `question ${life}, ${number}`);
      const given = await Promise.all(questions.map(ask));
      expect(given).toEqual(questions);
      answers.push(...given);
      // Every other one ends before its time.
      if (life % 2) vi.setSystemTime(Date.now() + LIFETIME * 1000 + 1);
      else backend.denyAll();
    }
    expect(answers).toHaveLength(100);
    // The client's own key went nowhere.
    expect([...keys]).toEqual([undefined]);
    expect(backend.stats).toMatchObject({ accepted: 100, refreshes: 4, reuse: 0 });
    expect(auth.status).toBe('signed-in');
  },
);

test('R20, R24: docs/sdks.md, OpenAI: a stream is read as it comes, also after a refused token', async () => {
  const read = Promise.withResolvers<void>();
  await using backend = await startBackend(async (call) => {
    const { response } = call;
    const say = (text: string) =>
      response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: text } }] })}\n\n`);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    say(content(call));
    await read.promise;
    say(', as it comes');
    response.end('data: [DONE]\n\n');
  });
  const { auth, read: stream } = run('OpenAI', backend);
  await auth.signIn(backend.issue());
  backend.denyAll();
  const chunks: string[] = [];
  for await (const chunk of stream?.('a stream') ?? []) {
    chunks.push(chunk);
    read.resolve();
  }
  expect(chunks).toEqual(['a stream', ', as it comes']);
  expect(backend.stats).toMatchObject({ accepted: 1, refused: 1, refreshes: 1 });
});

test('R5: docs/sdks.md, OpenAI: signed out nothing is sent, and the error is found behind the client’s', async () => {
  await using backend = await startBackend(completion);
  const { ask } = run('OpenAI', backend);
  const error = await ask('anybody?').catch((error: unknown) => error);
  expect(error).toBeInstanceOf(APIConnectionError);
  expect(asTokenError(error)).toMatchObject({ code: 'signed-out' });
  expect(backend.stats).toMatchObject({ accepted: 0, refused: 0 });
});

test('R60: docs/sdks.md, Supabase: a session that ends is told as such, and no query goes out as a visitor’s', async () => {
  await using backend = await startBackend(row);
  const { auth, ask } = run('Supabase', backend, 'https://project.supabase.co');
  await auth.signIn(backend.issue());
  // Its refresh token is spent.
  backend.issue();
  backend.denyAll();
  const error = await ask('anybody?').catch((error: unknown) => error);
  expect(asTokenError(error)).toMatchObject({ code: 'session-ended' });
  expect(backend.stats).toMatchObject({ accepted: 0, refused: 1, refreshes: 1 });
});
