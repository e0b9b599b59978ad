import { createTokenManager } from 'evertoken';
import { describe, expect, test } from 'vitest';
import type { Args } from '../support/attach.ts';
import { API } from '../support/world.ts';

/** A dispatcher of undici that lets nothing out of the machine, and says which one it was. */
const dispatcherOf = (name: string) => ({
  dispatch(options: { headers: unknown; origin: string }) {
    throw new Error(`${name} ${JSON.stringify(options.headers).includes('Bearer secret')}`);
  },
});

const init = (name: string) =>
  Object.assign({ cache: 'no-store' as const }, { dispatcher: dispatcherOf(name) });

class Init {
  get dispatcher() {
    return dispatcherOf('class');
  }
}

describe('R4: the dispatcher of Node', () => {
  test.each<[string, () => Args, string]>([
    ['in an init', () => [API, init('init')], 'init'],
    ['held by a Request', () => [new Request(API, init('request'))], 'request'],
    [
      'held by a Request, with an init',
      () => [new Request(API, init('request')), { method: 'PUT' }],
      'request',
    ],
    [
      'in an init over a Request that holds another',
      () => [new Request(API, init('request')), init('init')],
      'init',
    ],
    ['of an init of a class', () => [API, new Init() as RequestInit], 'class'],
  ])('%s is the one that sends, with the token', async (_where, build, name) => {
    const refresh = async () => ({ access_token: 'secret' });
    const auth = createTokenManager({ refresh, allow: API });
    await auth.signIn({ access_token: 'secret' });
    const error = await auth.fetch(...build()).catch((error) => error);
    expect(error).toBeInstanceOf(TypeError);
    expect(error.cause.message).toBe(`${name} true`);
  });
});
