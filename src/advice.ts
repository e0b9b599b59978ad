/** What the development build does beside the other one: it warns of mistakes (R73), and has `steps` tell tools the rest. */
import type { TokenEvents, TokenManager, TokenManagerOptions } from './api.ts';
import { countManagers, harmless, newManager, warn } from './development.ts';
import { nearest } from './nearest.ts';
import { ownMembers } from './own.ts';
import { isBrowser } from './platform/page.ts';
import { explain } from './request/explain.ts';
import { inside } from './request/inside.ts';
import { targetOf } from './request/target.ts';
import { tellablePlaceOf, tellRefresh, tellSteps } from './steps.ts';
import type { TokenStore } from './types.ts';

const events: Record<keyof TokenEvents | '*', true> = {
  '*': true,
  'signed-in': true,
  'token-refreshed': true,
  'refresh-failed': true,
  'signed-out': true,
  'step-up-required': true,
  'not-attached': true,
  'store-failed': true,
};

/** Seven days (s): longer no access token lives, but what is meant as milliseconds does. */
const LONG = 604_800;

/** Looks at tokens as they are handed over. */
function lookAt(tokens: unknown, where: string): void {
  const { access_token, accessToken, expires_in, expiresIn } = Object(tokens);
  if (/^bearer /i.test(`${access_token ?? accessToken}`))
    warn(
      'bearer',
      `The access token of ${where} begins with "Bearer ", which \`attach\` puts before it: hand over the token alone.`,
    );
  const lifetime = Number(expires_in ?? expiresIn);
  if (lifetime > LONG && lifetime % 1_000 === 0)
    warn(
      'milliseconds',
      `The expires_in of ${where} is ${lifetime} seconds, which is ${Math.round(lifetime / 86_400)} days. If it is milliseconds, divide it by 1000.`,
    );
}

/** Of a function that brings tokens, with the members that it has. */
function watched<F extends (...args: never[]) => unknown>(task: F, look: (answer: unknown) => void): F {
  const run = (...args: never[]) => {
    const answer = task(...args);
    Promise.resolve(answer)
      .then(look)
      .catch(() => {});
    return answer;
  };
  // It takes and answers what the task does; the compiler cannot see that of a generic function.
  return Object.assign(run as unknown as F, task);
}

/** In a page: a server makes a manager for each request, over stores that it keeps. */
function countOpen(store: TokenStore | undefined): () => void {
  if (!store || !isBrowser()) return () => {};
  const key = (store as { label?: string }).label ?? store;
  if (countManagers(key, 1) > 2)
    warn(
      'third-manager',
      'Three managers are open over one store in one page. If a module is loaded anew (hot reload), keep the manager in `import.meta.hot.data` (webpack and Next have another place: docs/server-rendering.md); else create one and share it.',
    );
  return () => void countManagers(key, -1);
}

/** The options, with an eye on what they bring. */
function watchOptions(options: TokenManagerOptions, manager: number): TokenManagerOptions {
  const { refresh, capture, store } = ownMembers(options);
  if (typeof refresh !== 'function') return options;
  if (refresh.withoutRefreshToken && !store && isBrowser())
    warn(
      'unjoined',
      '`refresh` works with nothing in hand (a cookie, say), and there is no store: each tab refreshes for itself, and a server that rotates takes that for theft. Add store: cookieStore("your-app").',
    );
  const asked = tellRefresh(
    watched(refresh, (answer) => lookAt(answer, '`refresh`')),
    manager,
  );
  const rules = Array.isArray(capture)
    ? capture.map((rule) =>
        typeof rule?.read === 'function'
          ? {
              ...rule,
              read: watched(rule.read, (answer) => {
                if (!answer)
                  warn(
                    'read',
                    'The `read` of a capture rule found no tokens in an answer that should have some. Log what it gets, or narrow its `url` and `method`.',
                  );
                else lookAt(answer, '`read`');
              }),
            }
          : rule,
      )
    : capture;
  return { ...options, refresh: asked, ...(rules && { capture: rules }) };
}

/** An answer of 401 says most often that something is wrong with the token, or that there was none. */
function lookAtRefusal(
  auth: TokenManager,
  input: string | URL | Request,
  init: RequestInit | undefined,
): void {
  const { attaches, reason, nearest: near, url } = explain(auth, input, init);
  const place = tellablePlaceOf(auth, url);
  if (reason === 'not-allowed')
    warn(
      `not-allowed ${new URL(url).origin}`,
      `${place} answered 401, and the request carried no token, because no rule of \`allow\` fits.${near ? ` "${near.rule}" differs only by its ${near.differsBy}.` : ''}`,
    );
  const { coolDown } = (auth as never as { [inside](): { coolDown: { until(token: string): number } } })[
    inside
  ]();
  const token = auth.tokens?.accessToken;
  if (attaches && token && coolDown.until(token))
    warn(
      'refused-fresh',
      `${place} refuses a token that was issued a moment ago. Is it for this API (audience, scope), and are the clocks of both servers right?`,
    );
}

/** Of what a page asks for without CORS. */
function lookAtMode(auth: TokenManager, input: string | URL | Request, init: RequestInit | undefined): void {
  const { mode = (input as Partial<Request>).mode } = init ?? {};
  if (mode === 'no-cors' && explain(auth, input, init).attaches)
    warn(
      'no-cors',
      `A request to ${tellablePlaceOf(auth, (input as Partial<Request>).url ?? `${input}`)} is no-cors, as those of images are: the browser drops the token. Send new Request(request, { mode: 'cors', credentials: 'omit' }).`,
    );
}

const sentences: Partial<Record<TokenEvents['not-attached']['reason'], (place: string) => string>> = {
  'own-header': (place) =>
    `A request to ${place} has an Authorization header of its own, so it goes out as it is. If an SDK writes it, use attach: bearer({ replace: true }).`,
  insecure: (place) =>
    `A request to ${place} carries no token, because it is plain http: spell its origin out as a text in \`allow\`, or use https.`,
};

/** The manager, with an eye on what is done with it. */
function watchManager(auth: TokenManager, leave: () => void): TokenManager {
  const { fetch, on, close, signIn } = auth;
  on('not-attached', ({ reason, url }) => {
    const sentence = sentences[reason]?.(url);
    if (sentence) warn(`${reason} ${targetOf(url)?.root}`, sentence);
  });
  const shut = () => {
    leave();
    close();
  };
  return Object.assign(auth, {
    async fetch(input: string | URL | Request, init?: RequestInit) {
      const response = await fetch(input, init);
      harmless(() => {
        lookAtMode(auth, input, init);
        if (response.status === 401) lookAtRefusal(auth, input, init);
      });
      return response;
    },
    async signIn(tokens: never) {
      harmless(() => lookAt(tokens, '`signIn`'));
      return signIn(tokens);
    },
    on(event: keyof TokenEvents, listener: never) {
      if (!Object.hasOwn(events, event)) {
        const name = String(event);
        const meant = nearest(name, Object.keys(events)) ?? 'signed-in';
        warn(`event ${name}`, `There is no event "${name}". Did you mean "${meant}"?`);
      }
      return on(event, listener);
    },
    close: shut,
  });
}

/** Creates a manager that says what is wrong. */
export function advise(
  create: (options: TokenManagerOptions) => TokenManager,
  options: TokenManagerOptions,
): TokenManager {
  const manager = newManager();
  const auth = create(watchOptions(options, manager));
  return watchManager(tellSteps(auth, manager, options), countOpen(options.store));
}
