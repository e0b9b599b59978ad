/** openai. */
import OpenAI from 'openai';
import { client, events, json, readAll, textOf, thirds } from '../support/client.ts';

export async function serveChat(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname.endsWith('/files'))
    return json({ id: 'a', filename: await textOf(await request.formData(), 'file') });
  if (pathname.includes('/files/')) return new Response(decodeURIComponent(pathname.split('/')[3] ?? ''));
  const { messages, stream } = (await request.json()) as {
    messages: { content: string | { text: string }[] }[];
    stream?: boolean;
  };
  const asked = messages.at(-1)?.content ?? '';
  const content = typeof asked === 'string' ? asked : (asked[0]?.text ?? '');
  const of = { id: 'chat-1', created: 1, model: 'small' };
  const choice = { index: 0, finish_reason: 'stop' };
  if (!stream)
    return json({
      ...{ ...of, object: 'chat.completion' },
      choices: [{ ...choice, message: { role: 'assistant', content } }],
      usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
    });
  return events(
    [
      ...thirds(content).map((part) => ({ delta: { content: part }, index: 0 })),
      { ...choice, delta: {} },
    ].map((one) => ({ ...of, object: 'chat.completion.chunk', choices: [one] })),
    ['data: [DONE]\n\n'],
  );
}

const messagesOf = (content: string) => ({ model: 'small', messages: [{ role: 'user' as const, content }] });

export const openaiClient = client<{ api: OpenAI }>({
  heading: 'OpenAI',
  modules: { openai: { default: OpenAI } },
  serve: serveChat,
  use: ({ api }) => ({
    mixed: [
      async (text) => (await api.chat.completions.create(messagesOf(text))).choices[0]?.message.content,
      async (text) => {
        let read = '';
        for await (const { choices } of await api.chat.completions.create({
          ...messagesOf(text),
          stream: true,
        }))
          read += choices[0]?.delta.content ?? '';
        return read;
      },
      async (text) =>
        (await api.files.create({ file: new File([text], 'a.txt'), purpose: 'user_data' })).filename,
      async (text) => readAll((await api.files.content(text)).body),
    ],
    cancelled: (text, signal) => api.chat.completions.create(messagesOf(text), { signal }),
  }),
});
