/** wretch, with its addon for progress. */
import wretch, { type Wretch } from 'wretch';
import ProgressAddon from 'wretch/addons/progress';
import { client, formOf, readAll, textIn } from '../support/client.ts';

export const wretchClient = client<{ api: Wretch }>({
  heading: 'wretch',
  modules: { wretch: { default: wretch } },
  use: ({ api }) => ({
    mixed: [
      async (text) => textIn(await api.get(`/echo?text=${encodeURIComponent(text)}`).json()),
      async (text) => textIn(await api.post({ text }, '/echo').json()),
      async (text) => textIn(await api.body(formOf(text)).post(undefined, '/echo').json()),
      async (text) => readAll((await api.get(`/stream?text=${encodeURIComponent(text)}`).res()).body),
      async (text) => {
        let progress = 0;
        const answer = await api
          .addon(ProgressAddon())
          .onUpload((loaded) => {
            progress = loaded;
          })
          .body(text)
          .put(undefined, '/echo')
          .json();
        return progress === new Blob([text]).size ? textIn(answer) : `progress ended at ${progress}`;
      },
    ],
    cancelled: (text, signal) => api.options({ signal }).get(`/${text}`).res(),
  }),
});
