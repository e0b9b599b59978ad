/** A world whose API changes passwords and signs users in, each answer given by the test. */
import type { CaptureRule, TokenManager, TokenManagerOptions } from 'evertoken';
import { record, type Told } from './recorder.ts';
import { API, createManager, createWorld, deferred, type Seen, type World } from './world.ts';

export const PASSWORD = `${API}/password`;
export const LOGIN = 'https://login.example.com/sign-in';

/** A token response. */
export const grant = (access: string, refresh?: string, more: Record<string, unknown> = {}): Response =>
  Response.json({
    access_token: access,
    expires_in: 3600,
    ...(refresh && { refresh_token: refresh }),
    ...more,
  });

export interface Pending {
  seen: Seen;
  answer(response: Response): void;
  fail(error: unknown): void;
}

export interface Stage {
  world: World;
  auth: TokenManager;
  told: Told[];
  /** Requests to `PASSWORD` and `LOGIN` that wait for their answers, in the order of their arrival. */
  pending: Pending[];
  /** Refreshes that wait for their answers; only after `holdRefreshes()`. */
  refreshing: Pending[];
  holdRefreshes(): void;
}

export const rules: CaptureRule[] = [{ url: PASSWORD }, { url: LOGIN, method: 'POST', startsSession: true }];

function hold(list: Pending[]): (seen: Seen) => Promise<Response> {
  return (seen) => {
    const { promise, resolve, reject } = deferred<Response>();
    list.push({ seen, answer: resolve, fail: reject });
    return promise;
  };
}

export function createStage(options: Partial<TokenManagerOptions> = {}): Stage {
  const world = createWorld();
  const pending: Pending[] = [];
  const refreshing: Pending[] = [];
  const ordinary = world.answerApi;
  const held = hold(pending);
  world.answerApi = (seen) => (/password|sign-in/.test(seen.url) ? held(seen) : ordinary(seen));
  const auth = createManager(world, { capture: rules, ...options });
  const holdRefreshes = () => {
    world.answerRefresh = hold(refreshing);
  };
  return { world, auth, told: record(auth), pending, refreshing, holdRefreshes };
}

/** The n-th of them; fails the test when it is not there. */
export function nth<T>(list: T[], index: number): T {
  const item = list[index];
  if (!item) throw new Error(`only ${list.length} arrived`);
  return item;
}
