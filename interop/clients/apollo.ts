/** Apollo Client 4. */
import * as apollo from '@apollo/client';
import { client } from '../support/client.ts';
import { ECHO, PARTS, SAY, serveGraphql } from '../support/graphql.ts';

const [query, mutation, subscription] = [ECHO, SAY, PARTS].map((text) => apollo.gql(text)) as [
  apollo.TypedDocumentNode<{ echo: string }>,
  apollo.TypedDocumentNode<{ say: string }>,
  apollo.TypedDocumentNode<{ parts: string }>,
];

export const apolloClient = client<{ api: apollo.ApolloClient }>({
  heading: 'Apollo Client',
  modules: { '@apollo/client': apollo },
  serve: serveGraphql,
  use: ({ api }) => ({
    mixed: [
      async (text) => (await api.query({ query, variables: { text } })).data?.echo,
      async (text) => (await api.mutate({ mutation, variables: { text } })).data?.say,
      (text) =>
        new Promise((resolve, reject) => {
          let read = '';
          api.subscribe({ query: subscription, variables: { text } }).subscribe({
            next: ({ data, error }) => {
              if (error) reject(error);
              read += data?.parts ?? '';
            },
            complete: () => resolve(read),
            error: reject,
          });
        }),
    ],
    cancelled: (text, signal) =>
      api.query({ query, variables: { text }, context: { fetchOptions: { signal } } }),
  }),
});
