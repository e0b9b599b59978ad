/** TanStack Query, without a component around it. */
import * as tanstack from '@tanstack/react-query';
import { client, formOf, textIn } from '../support/client.ts';

export const tanstackQuery = client<{ queries: tanstack.QueryClient }>({
  heading: 'TanStack Query',
  modules: { '@tanstack/react-query': tanstack },
  outcome: /^Error: CancelledError/,
  use({ queries, auth }, origin) {
    const mutate = (body: BodyInit, headers: HeadersInit = {}) =>
      new tanstack.MutationObserver(queries, {
        mutationFn: async () =>
          (await auth.fetch(`${origin}/echo`, { method: 'POST', body, headers })).json(),
      }).mutate();
    return {
      mixed: [
        async (text) => textIn(await queries.fetchQuery({ queryKey: ['items', encodeURIComponent(text)] })),
        async (text) =>
          textIn(await mutate(JSON.stringify({ text }), { 'content-type': 'application/json' })),
        async (text) => textIn(await mutate(formOf(text))),
      ],
      cancelled(text, signal) {
        const queryKey = ['items', text];
        signal.addEventListener('abort', () => void queries.cancelQueries({ queryKey }));
        return queries.fetchQuery({ queryKey });
      },
    };
  },
});
