/** What docs/clients.md says of errors: where the `TokenError` is that `auth.fetch` has rejected with. */
import { asTokenError, type TokenManager } from 'evertoken';
import { expect, test } from 'vitest';
import { runRecipe } from '../test/support/recipe.ts';
import type { Client } from './support/client.ts';
import { clients } from './support/clients.ts';

/** Those of Supabase have a recipe of their own: docs/sdks.md. */
const told = clients.filter(({ heading }) => heading !== 'Supabase');

/** These hand on its text. */
const HEADINGS_OF_TEXTS = ['RTK Query', 'eventsource'];

const messageOf = (error: unknown) => JSON.stringify({ ...Object(error), message: Object(error).message });

test.concurrent.for(told.map((client) => [client.name ?? client.heading, client] as const))(
  'R60: docs/clients.md, %s: the error says that no token could be had',
  async ([, client], { onTestFinished }) => {
    const { heading, modules } = client;
    const recipe = runRecipe<{ auth: TokenManager }>('docs/clients.md', heading, {}, modules);
    // From now on it rejects whatever it is asked for, and sends nothing.
    recipe.auth.close();
    const call = async () => {
      const { mixed } = await (client as Client<unknown>).use(
        recipe,
        'https://api.example.com',
        onTestFinished,
      );
      await mixed[0]?.('a');
    };
    const error = await call().catch((error: unknown) => error);
    if (HEADINGS_OF_TEXTS.includes(heading))
      expect(messageOf(error)).toContain('the token manager is closed');
    else {
      const own = heading === 'urql' ? (error as { networkError: unknown }).networkError : error;
      expect(asTokenError(own)).toMatchObject({ code: 'closed' });
    }
  },
);
