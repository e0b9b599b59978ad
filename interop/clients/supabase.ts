/** Supabase: rows, files and functions. */
import * as supabase from '@supabase/supabase-js';
import { client, echo, json, textOf } from '../support/client.ts';

async function serve(request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname.startsWith('/functions/')) return echo(request);
  if (pathname.startsWith('/storage/'))
    return json({ Key: await textOf(await request.formData(), ''), Id: 'a' });
  if (request.method === 'POST') return json(await request.json());
  return json({ text: searchParams.get('name')?.replace('eq.', '') });
}

interface Answer {
  data: unknown;
  error: Error | null;
}

const dataOf = ({ data, error }: Answer) => {
  if (error) throw error;
  return data as { text: string };
};

export const supabaseClient = client<{ api: supabase.SupabaseClient }>({
  heading: 'Supabase',
  modules: { '@supabase/supabase-js': supabase },
  serve,
  use: ({ api }) => ({
    mixed: [
      async (text) => dataOf(await api.from('items').select('text').eq('name', text).single()).text,
      async (text) => dataOf(await api.from('items').insert({ text }).select().single()).text,
      async (text) => dataOf(await api.functions.invoke('echo', { body: { text } })).text,
      async (text) => {
        const { data, error } = await api.storage.from('files').upload('a.txt', new Blob([text]));
        if (error) throw error;
        return data.fullPath;
      },
    ],
    async cancelled(text, signal) {
      dataOf(await api.from('items').select('text').eq('name', text).abortSignal(signal).single());
    },
  }),
});
