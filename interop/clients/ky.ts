/** ky, 2 and 1. */
import ky, { type KyInstance } from 'ky';
import ky1 from 'ky1';
import { type Client, client, formOf, readAll, textIn } from '../support/client.ts';

const of = (name: string, ky: object): Client<{ api: KyInstance }> =>
  client({
    heading: 'ky',
    name,
    modules: { ky: { default: ky } },
    use: ({ api }, origin) => ({
      mixed: [
        async (text) => textIn(await api.get(`${origin}/echo`, { searchParams: { text } }).json()),
        async (text) => textIn(await api.post(`${origin}/echo`, { json: { text } }).json()),
        async (text) => textIn(await api.post(`${origin}/echo`, { body: formOf(text) }).json()),
        async (text) => readAll((await api.get(`${origin}/stream`, { searchParams: { text } })).body),
        async (text) => {
          let progress = 0;
          const onUploadProgress = ({ transferredBytes }: { transferredBytes: number }) => {
            progress = transferredBytes;
          };
          const answer = await api.put(`${origin}/echo`, { body: text, onUploadProgress }).json();
          return progress === new Blob([text]).size ? textIn(answer) : `progress ended at ${progress}`;
        },
      ],
      cancelled: (text, signal) => api.get(`${origin}/${text}`, { signal }),
    }),
  });

export const ky2Client = of('ky 2', ky);
export const ky1Client = of('ky 1', ky1);
