/** Writes down what a manager tells, in order. */
import type { TokenEvents, TokenManager } from 'evertoken';

export type Told = [event: keyof TokenEvents, payload: TokenEvents[keyof TokenEvents]];

/** Everything that is told of tokens from now on. */
export function record(auth: TokenManager): Told[] {
  const told: Told[] = [];
  auth.on('*', (...args) => void (args[0] !== 'not-attached' && told.push(args)));
  return told;
}

/** The same in short: `token-refreshed captured`, `signed-out ended`, `refresh-failed`. */
export const short = (told: Told[]): string[] =>
  told.map(([event, payload]) =>
    [
      event,
      ...('cause' in payload ? [payload.cause] : []),
      ...('reason' in payload ? [payload.reason] : []),
      ...('operation' in payload ? [payload.operation] : []),
    ].join(' '),
  );

/** What a promise has come to, without waiting for it. */
export function follow(promise: Promise<unknown>): { state: string; value: unknown } {
  const seen: { state: string; value: unknown } = { state: 'pending', value: undefined };
  promise.then(
    (value) => Object.assign(seen, { state: 'resolved', value }),
    (value) => Object.assign(seen, { state: 'rejected', value }),
  );
  return seen;
}
