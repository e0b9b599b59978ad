/** openapi-fetch. */
import createClient, { type Client } from 'openapi-fetch';
import { client, formOf, readAll, textIn } from '../support/client.ts';

/** What openapi-typescript writes of a whole API is some pages longer. */
type Answer = { responses: { 200: { content: { 'application/json': { text: string } } } } };
type Paths = {
  '/items/{id}': { get: Answer & { parameters: { path: { id: string } } } };
  '/echo': { post: Answer & { requestBody: { content: { 'application/json': { text: string } } } } };
  '/stream': { get: Answer & { parameters: { query: { text: string } } } };
};

export const openapiFetchClient = client<{ api: Client<Paths> }>({
  heading: 'openapi-fetch',
  modules: { 'openapi-fetch': { default: createClient } },
  use: ({ api }) => ({
    mixed: [
      async (id) => textIn((await api.GET('/items/{id}', { params: { path: { id } } })).data),
      async (text) => textIn((await api.POST('/echo', { body: { text } })).data),
      async (text) =>
        textIn((await api.POST('/echo', { body: { text }, bodySerializer: () => formOf(text) })).data),
      async (text) => {
        const query = { text };
        const { data } = await api.GET('/stream', { params: { query }, parseAs: 'stream' });
        return readAll(data as unknown as ReadableStream<Uint8Array>);
      },
    ],
    cancelled: (id, signal) => api.GET('/items/{id}', { params: { path: { id } }, signal }),
  }),
});
