/** RTK Query. */
import { configureStore } from '@reduxjs/toolkit';
import * as rtk from '@reduxjs/toolkit/query';
import { client, formOf, readAll, textIn } from '../support/client.ts';

type BaseQuery = ReturnType<typeof rtk.fetchBaseQuery>;

export const rtkQuery = client<{ baseQuery: BaseQuery }>({
  heading: 'RTK Query',
  modules: { '@reduxjs/toolkit/query': rtk },
  use({ baseQuery }) {
    const api = rtk.createApi({
      baseQuery,
      endpoints: (build) => ({
        item: build.query<{ text: string }, string>({
          query: (text) => `/items/${encodeURIComponent(text)}`,
        }),
        say: build.mutation<{ text: string }, object>({
          query: (body) => ({ url: '/echo', method: 'POST', body }),
        }),
        stream: build.query<string, string>({
          query: (text) => ({
            url: `/stream?text=${encodeURIComponent(text)}`,
            responseHandler: ({ body }) => readAll(body),
          }),
        }),
      }),
    });
    const { dispatch } = configureStore({
      reducer: { [api.reducerPath]: api.reducer },
      middleware: (standard) => standard({ serializableCheck: false }).concat(api.middleware),
    });
    return {
      mixed: [
        async (text) => textIn(await dispatch(api.endpoints.item.initiate(text)).unwrap()),
        async (text) => textIn(await dispatch(api.endpoints.say.initiate({ text })).unwrap()),
        async (text) => textIn(await dispatch(api.endpoints.say.initiate(formOf(text))).unwrap()),
        (text) => dispatch(api.endpoints.stream.initiate(text)).unwrap(),
      ],
      cancelled(text, signal) {
        const query = dispatch(api.endpoints.item.initiate(text));
        signal.addEventListener('abort', () => query.abort());
        return query.unwrap();
      },
    };
  },
});
