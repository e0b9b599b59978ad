/** The contexts of a scenario: each has a token manager, a view of what is shared, and a life of its own. */
import { inspect } from 'node:util';
import { createTokenManager, type TokenManager, type TokenManagerOptions } from 'evertoken';
import { inside, type Surroundings } from './globals.ts';
import type { Actor, Loop } from './loop.ts';

export interface Context extends Actor {
  readonly auth: TokenManager;
  readonly surroundings: Surroundings;
  /** It will be frozen as soon as the browser can. */
  isFreezing: boolean;
  wasFrozen: boolean;
  /** When it was frozen and thawed last. */
  frozenAt: number;
  thawedAt: number;
  /** Frozen together with its device. */
  isAsleep: boolean;
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
  surround(actor: Actor): Omit<Surroundings, 'actor' | 'loop' | 'page' | 'places'>;
  /** What its manager is made with. */
  options(actor: Actor): TokenManagerOptions;
}

/** Whether a token can be seen in it. */
export const isSecret = (value: unknown): boolean => /secret-\d/.test(inspect(value, { depth: 12 }));

export function openContext(parts: ContextParts, name: string, skew: number): Context {
  const { loop, blame, told } = parts;
  const actor: Actor = { name, isFrozen: false, isGone: false, parked: [], timers: [], skew, still: 0 };
  const surroundings = { ...parts.surround(actor), actor, loop, page: new EventTarget(), places: {} };
  const fields = {
    surroundings,
    isFreezing: false,
    wasFrozen: false,
    frozenAt: 0,
    thawedAt: 0,
    isAsleep: false,
    isClosed: false,
    manualUntil: 0,
    signingIn: 0,
  };
  const context = Object.assign(actor, fields) as Actor & typeof fields & { auth: TokenManager };
  inside(surroundings, () => {
    context.auth = createTokenManager(parts.options(actor));
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
