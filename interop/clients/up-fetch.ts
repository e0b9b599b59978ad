/** up-fetch. */
import * as upFetch from 'up-fetch';
import { client, formOf, textIn } from '../support/client.ts';

export const upFetchClient = client<{ api: (url: string, options?: object) => Promise<unknown> }>({
  heading: 'up-fetch',
  modules: { 'up-fetch': upFetch },
  use: ({ api }) => ({
    mixed: [
      async (text) => textIn(await api('/echo', { params: { text } })),
      async (text) => textIn(await api('/echo', { method: 'POST', body: { text } })),
      async (text) => textIn(await api('/echo', { method: 'POST', body: formOf(text) })),
      async (text) => {
        const decoder = new TextDecoder();
        let read = '';
        const onResponseStreaming = ({ chunk }: { chunk: Uint8Array }) => {
          read += decoder.decode(chunk, { stream: true });
        };
        await api('/stream', { params: { text }, onResponseStreaming });
        return read;
      },
      async (text) => {
        let progress = 0;
        const onRequestStreaming = ({ transferredBytes }: { transferredBytes: number }) => {
          progress = transferredBytes;
        };
        const answer = await api('/echo', { method: 'PUT', body: text, onRequestStreaming });
        return progress === new Blob([text]).size ? textIn(answer) : `progress ended at ${progress}`;
      },
    ],
    cancelled: (text, signal) => api(`/${text}`, { signal }),
  }),
});
