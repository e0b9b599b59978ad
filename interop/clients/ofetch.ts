/** ofetch. */
import * as ofetch from 'ofetch';
import { client, formOf, readAll, textIn } from '../support/client.ts';

export const ofetchClient = client<{ api: ofetch.$Fetch }>({
  heading: 'ofetch',
  modules: { ofetch },
  use: ({ api }) => ({
    mixed: [
      async (text) => textIn(await api('/echo', { query: { text } })),
      async (text) => textIn(await api('/echo', { method: 'POST', body: { text } })),
      async (text) => textIn(await api('/echo', { method: 'POST', body: formOf(text) })),
      async (text) => readAll(await api('/stream', { query: { text }, responseType: 'stream' })),
    ],
    cancelled: (text, signal) => api(`/${text}`, { signal }),
  }),
});
