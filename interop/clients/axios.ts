/** axios with its adapter `fetch`. */
import axios, { type AxiosInstance } from 'axios';
import { client, formOf, readAll, textIn } from '../support/client.ts';

/** In Node axios takes a form of the platform for an urlencoded one unless it is told. */
const headers = { 'Content-Type': 'multipart/form-data' };

export const axiosClient = client<{ api: AxiosInstance }>({
  heading: 'axios',
  modules: { axios: { default: axios } },
  use: ({ api }) => ({
    mixed: [
      async (text) => textIn((await api.get('/echo', { params: { text } })).data),
      async (text) => textIn((await api.post('/echo', { text })).data),
      async (text) => textIn((await api.post('/echo', formOf(text), { headers })).data),
      async (text) => readAll((await api.get('/stream', { params: { text }, responseType: 'stream' })).data),
      async (text) => {
        let progress = 0;
        const { data } = await api.put('/echo', new Blob([text]), {
          onUploadProgress: ({ loaded }) => {
            progress = loaded;
          },
        });
        return progress === new Blob([text]).size ? textIn(data) : `progress ended at ${progress}`;
      },
    ],
    cancelled: (text, signal) => api.get(`/${text}`, { signal }),
  }),
});
