/** graphql-request. */
import * as graphqlRequest from 'graphql-request';
import { client } from '../support/client.ts';
import { ECHO, SAY, serveGraphql } from '../support/graphql.ts';

export const graphqlRequestClient = client<{ api: graphqlRequest.GraphQLClient }>({
  heading: 'graphql-request',
  modules: { 'graphql-request': graphqlRequest },
  serve: serveGraphql,
  use: ({ api }) => ({
    mixed: [
      async (text) => (await api.request<{ echo: string }>(ECHO, { text })).echo,
      async (text) => (await api.request<{ say: string }>(SAY, { text })).say,
    ],
    cancelled: (text, signal) => api.request({ document: ECHO, variables: { text }, signal }),
  }),
});
