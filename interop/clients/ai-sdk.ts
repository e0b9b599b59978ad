/** The AI SDK. */
import * as compatible from '@ai-sdk/openai-compatible';
import { generateText, streamText } from 'ai';
import { client } from '../support/client.ts';
import { serveChat } from './openai.ts';

export const aiSdk = client<{ gateway: compatible.OpenAICompatibleProvider }>({
  heading: 'AI SDK',
  modules: { '@ai-sdk/openai-compatible': compatible },
  serve: serveChat,
  use({ gateway }) {
    const model = gateway('small');
    return {
      mixed: [
        async (prompt) => (await generateText({ model, prompt })).text,
        async (prompt) => {
          let read = '';
          for await (const part of streamText({ model, prompt }).textStream) read += part;
          return read;
        },
      ],
      cancelled: (prompt, abortSignal) => generateText({ model, prompt, abortSignal }),
    };
  },
});
