/** The SDK of Anthropic. */
import Anthropic from '@anthropic-ai/sdk';
import { client, json, streamed, textOf, thirds } from '../support/client.ts';

async function serve(request: Request): Promise<Response> {
  if (new URL(request.url).pathname.endsWith('/files'))
    return json({ id: 'a', type: 'file', filename: await textOf(await request.formData(), 'file') });
  const { messages, stream } = (await request.json()) as {
    messages: { content: string }[];
    stream?: boolean;
  };
  const text = messages[0]?.content ?? '';
  const usage = { input_tokens: 1, output_tokens: 1 };
  const message = { id: 'msg-1', type: 'message', role: 'assistant', model: 'small', usage };
  if (!stream) return json({ ...message, content: [{ type: 'text', text }], stop_reason: 'end_turn' });
  const all = [
    { type: 'message_start', message: { ...message, content: [], stop_reason: null } },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    ...thirds(text).map((part) => ({
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'text_delta', text: part },
    })),
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage },
    { type: 'message_stop' },
  ];
  return streamed(
    all.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`),
    'text/event-stream',
  );
}

const bodyOf = (content: string) => ({
  model: 'small',
  max_tokens: 100,
  messages: [{ role: 'user' as const, content }],
});

const textIn = (content: Anthropic.ContentBlock[]) =>
  content.map((block) => (block.type === 'text' ? block.text : '')).join('');

export const anthropicClient = client<{ api: Anthropic }>({
  heading: 'Anthropic',
  modules: { '@anthropic-ai/sdk': { default: Anthropic } },
  serve,
  use: ({ api }) => ({
    mixed: [
      async (text) => textIn((await api.messages.create(bodyOf(text))).content),
      async (text) => textIn((await api.messages.stream(bodyOf(text)).finalMessage()).content),
      async (text) => (await api.beta.files.upload({ file: new File([text], 'a.txt') })).filename,
    ],
    cancelled: (text, signal) => api.messages.create(bodyOf(text), { signal }),
  }),
});
