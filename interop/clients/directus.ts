/** The SDK of Directus. */
import * as directus from '@directus/sdk';
import { client, json, readAll, streamed, textOf, thirds } from '../support/client.ts';

async function serve(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  const last = decodeURIComponent(pathname.split('/').at(-1) ?? '');
  if (pathname === '/files') return json({ data: { text: await textOf(await request.formData()) } });
  if (pathname.startsWith('/assets/')) return streamed(thirds(last), 'application/octet-stream');
  return json({ data: { text: request.method === 'GET' ? last : (await request.json()).text } });
}

type Schema = { items: { id: string; text: string }[] };
type Api = directus.DirectusClient<Schema> & directus.RestClient<Schema>;

export const directusClient = client<{ api: Api }>({
  heading: 'Directus',
  modules: { '@directus/sdk': directus },
  serve,
  use({ api }) {
    const form = (text: string) => {
      const body = new FormData();
      body.set('text', text);
      return body;
    };
    return {
      mixed: [
        async (text) => (await api.request(directus.readItem('items', text))).text,
        async (text) => (await api.request(directus.createItem('items', { text }))).text,
        async (text) =>
          ((await api.request(directus.uploadFiles(form(text)))) as unknown as { text: string }).text,
        async (text) => readAll(await api.request(directus.readAssetRaw(text))),
      ],
      cancelled: (text, signal) =>
        api.request(
          directus.withOptions(directus.readItem('items', text), (options) => ({ ...options, signal })),
        ),
    };
  },
});
