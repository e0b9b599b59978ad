/** PocketBase. */
import PocketBase from 'pocketbase';
import { client, json, textOf } from '../support/client.ts';

async function serve(request: Request): Promise<Response> {
  const type = request.headers.get('content-type') ?? '';
  if (type.startsWith('multipart/form-data'))
    return json({ id: 'a', text: await textOf(await request.formData()) });
  if (request.method === 'POST') return json({ id: 'a', text: (await request.json()).text });
  return json({ id: 'a', text: decodeURIComponent(new URL(request.url).pathname.split('/').at(-1) ?? '') });
}

export const pocketbase = client<{ api: PocketBase }>({
  heading: 'PocketBase',
  modules: { pocketbase: { default: PocketBase } },
  serve,
  use({ api }) {
    const items = api.collection<{ text: string }>('items');
    return {
      mixed: [
        async (text) => (await items.getOne(text)).text,
        async (text) => (await items.create({ text })).text,
        // A file among the members makes it a form.
        async (text) => (await items.create({ text: new File([text], 'a') })).text,
      ],
      cancelled: (text, signal) => items.getOne(text, { signal }),
    };
  },
});
