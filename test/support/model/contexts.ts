/** The contexts of a scenario: each has a token manager, a view of what is shared, and a life of its own. */
import { inspect } from 'node:util';
import type { createTokenManager, refreshEndpoint, TokenManager, TokenManagerOptions } from 'evertoken';
import { inside, type Surroundings } from './globals.ts';
import type { Actor, Loop } from './loop.ts';
import type { View } from './record.ts';

/** The package, or a copy of it: what it keeps in its modules belongs to one context. */
export interface Package {
  createTokenManager: typeof createTokenManager;
  refreshEndpoint: typeof refreshEndpoint;
}

export interface Context extends Actor {
  readonly auth: TokenManager;
  readonly view: View;
  readonly surroundings: Surroundings;
  /** It will be frozen as soon as the browser can. */
  isFreezing: boolean;
  wasFrozen: boolean;
  isClosed: boolean;
  /** A call of `refresh()` may cause one until then. */
  manualUntil: number;
  /** How many calls of `signIn()` are under way. */
  signingIn: number;
}

export interface ContextParts {
  readonly loop: Loop;
  blame(violation: string): void;
  told(context: Context, event: string, payload: Record<string, unknown>): void;
  surround(actor: Actor): Omit<Surroundings, 'actor' | 'loop' | 'page'>;
  view(actor: Actor): View;
  /** What its manager is made with. */
  options(actor: Actor, own: Package): Omit<TokenManagerOptions, 'storage'>;
}

/** Whether a token can be seen in it. */
export const isSecret = (value: unknown): boolean => /secret-\d/.test(inspect(value, { depth: 12 }));

export function openContext(parts: ContextParts, name: string, own: Package): Context {
  const { loop, blame, told } = parts;
  const actor: Actor = { name, isFrozen: false, isGone: false, parked: [], timers: [] };
  const view = parts.view(actor);
  const surroundings = { ...parts.surround(actor), actor, loop, page: new EventTarget() };
  const fields = {
    view,
    surroundings,
    isFreezing: false,
    wasFrozen: false,
    isClosed: false,
    manualUntil: 0,
    signingIn: 0,
  };
  const context = Object.assign(actor, fields) as Actor & typeof fields & { auth: TokenManager };
  inside(surroundings, () => {
    const { storage } = view;
    context.auth = own.createTokenManager({ ...parts.options(actor, own), storage });
    let current: unknown;
    context.auth.on('*', (event, payload) => {
      if (isSecret(payload)) blame(`${name} shows a token in ${event}`);
      const { sessionId } = payload as { sessionId?: string };
      if (event === 'signed-in') {
        if (current) blame(`${name} tells of a sign-in over a session that has not ended`);
        current = sessionId;
      } else if (event === 'signed-out' || event === 'token-refreshed') {
        if (current !== sessionId) blame(`${name} tells ${event} of a session that is not there`);
        if (event === 'signed-out') current = undefined;
      }
      told(context, event, payload as unknown as Record<string, unknown>);
    });
  });
  return context;
}
