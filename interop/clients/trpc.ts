/** tRPC: a stream of batches, forms, and subscriptions over server-sent events. */
import * as trpcClient from '@trpc/client';
import { initTRPC } from '@trpc/server';
import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import * as eventsource from 'eventsource';
import { z } from 'zod';
import { client, formOf, textOf, thirds } from '../support/client.ts';

const { procedure, router } = initTRPC.create();
const withText = procedure.input(z.object({ text: z.string() }));

const appRouter = router({
  echo: withText.query(({ input }) => input.text),
  say: withText.mutation(({ input }) => input.text),
  upload: procedure.input(z.instanceof(FormData)).mutation(({ input }) => textOf(input)),
  parts: withText.query(async function* ({ input }) {
    yield* thirds(input.text);
  }),
  events: withText.subscription(async function* ({ input }) {
    yield* thirds(input.text);
  }),
});

type AppRouter = typeof appRouter;

export const trpc = client<{ connect: () => trpcClient.TRPCClient<AppRouter> }>({
  heading: 'tRPC',
  modules: { '@trpc/client': trpcClient, eventsource },
  serve: (req) => fetchRequestHandler({ endpoint: '/trpc', req, router: appRouter }),
  use({ connect }) {
    const api = connect();
    return {
      mixed: [
        (text) => api.echo.query({ text }),
        (text) => api.say.mutate({ text }),
        (text) => api.upload.mutate(formOf(text)),
        async (text) => {
          let read = '';
          for await (const part of await api.parts.query({ text })) read += part;
          return read;
        },
        (text) =>
          new Promise((resolve, reject) => {
            let read = '';
            api.events.subscribe(
              { text },
              {
                onData: (part) => {
                  read += part;
                },
                onComplete: () => resolve(read),
                onError: reject,
              },
            );
          }),
      ],
      // A request of its own: in a batch the others would be held too.
      cancelled: (text, signal) => api.upload.mutate(formOf(text), { signal }),
    };
  },
});
