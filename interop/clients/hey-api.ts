/** The client that @hey-api/openapi-ts generates code for. */
import * as heyApi from '@hey-api/client-fetch';
import { client, formOf, readAll, textIn } from '../support/client.ts';

export const heyApiClient = client<{ api: heyApi.Client }>({
  heading: '@hey-api/client-fetch',
  modules: { '@hey-api/client-fetch': heyApi },
  use: ({ api }) => ({
    mixed: [
      async (text) => textIn((await api.get({ url: '/echo', query: { text } })).data),
      async (text) => textIn((await api.post({ url: '/echo', body: { text } })).data),
      async (text) => {
        const body = formOf(text);
        const headers = { 'Content-Type': null };
        return textIn((await api.post({ url: '/echo', body, bodySerializer: null, headers })).data);
      },
      async (text) => {
        const { data } = await api.get({ url: '/stream', query: { text }, parseAs: 'stream' });
        return readAll(data as ReadableStream<Uint8Array>);
      },
    ],
    cancelled: (text, signal) => api.get({ url: `/${text}`, signal, throwOnError: true }),
  }),
});
