/** What the development build tells tools of a manager: each step from A to H, and no token (R73). */
import type { TokenEvents, TokenManager, TokenManagerOptions } from './api.ts';
import { announce, type Step, type Telling } from './development.ts';
import { meanings } from './errors.ts';
import { inside } from './request/inside.ts';
import type { NotAttached } from './request/not-attached.ts';
import { targetOf } from './request/target.ts';
import type { Held } from './session/expiry.ts';
import type { Refresh } from './types.ts';

/** What a manager keeps for this. */
interface Inside {
  tell: Telling['tell'];
  /** By which a tool that is handed the manager finds its steps. */
  number: number;
  notAttached: NotAttached;
  summarize(thrown: unknown): Error;
  readonly sessions: { readonly current: { readonly state: { readonly held?: Held | undefined } } };
}

const insideOf = (auth: TokenManager): Inside => (auth as never as { [inside](): Inside })[inside]();

/** Without its query, which may be secret. */
const placeOf = (url: string): string => targetOf(url)?.place ?? 'a relative URL';

/** A place, a method: where what a caller writes holds a token, no more than the origin is told (R70). */
function tellable(parts: Inside, text: string): string {
  const [origin = ''] = /^https?:\/\/[^/]*/.exec(text) ?? [];
  const rest = text.slice(origin.length);
  return parts.summarize(rest).message === rest ? text : origin;
}

/** What may be told of a request's URL. */
export const tellablePlaceOf = (auth: TokenManager, url: string): string =>
  tellable(insideOf(auth), placeOf(url));

/** A payload in plain values. */
const plain = (payload: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(payload).map(([name, value]) => [
      name,
      value instanceof Error ? `${value.name}: ${value.message}` : value,
    ]),
  );

/** An OAuth error, `TokenError: refresh-failed`, or the name alone: the text of a foreign error may be anything. */
function nameOf(thrown: unknown): string {
  try {
    const { name, code, error, cause } = Object(thrown) as Record<string, unknown>;
    const said = error ?? Object(cause).error;
    // As RFC 6749 §5.2 spells them; no token is that short and that plain.
    if (typeof said === 'string' && /^[a-z_]{5,40}$/.test(said)) return said;
    if (name === 'TokenError' && Object.hasOwn(meanings, `${code}`)) return `${name}: ${code}`;
    // What is thrown may have a name of any text.
    if (typeof name === 'string' && /^[a-z]{1,40}$/i.test(name)) return name;
  } catch {} // a getter that throws
  return 'Error';
}

/** When a token was issued, from when on it is replaced, and when it ends, in ms since the epoch; without an end nobody knows. */
function lifeOf({ sessions }: Inside): Record<string, number> | undefined {
  const { held } = sessions.current.state;
  if (!held) return undefined;
  const { issuedAt, aheadAt, waitAt, expiresAt } = held;
  return Object.fromEntries(
    Object.entries({ issuedAt, aheadAt, waitAt, expiresAt }).filter(([, at]) => Number.isFinite(at)),
  );
}

const textOf = (rule: unknown): string[] => {
  if (Array.isArray(rule)) return rule.flatMap(textOf);
  if (typeof rule === 'function') return ['a predicate'];
  return typeof rule === 'string' || rule instanceof URL ? [`${rule}`] : textOf(Object(rule).url ?? []);
};

/** What a tool shows of the options. */
const settingsOf = ({ store, allow, keepFresh = false }: TokenManagerOptions) => ({
  store: store ? ((store as { label?: string }).label ?? 'of its own') : 'none',
  allow: textOf(allow).slice(0, 20),
  keepFresh,
});

/** The same `refresh`, which tells when it is asked (G) and when it has answered (H). */
export function tellRefresh(refresh: Refresh, manager: number): Refresh {
  const told: Refresh = (context) => {
    const begun = Date.now();
    const end = (outcome: object) =>
      announce('refresh-answered', { manager, ...outcome, durationMs: Date.now() - begun });
    const fail = (thrown: unknown) => end({ ok: false, error: nameOf(thrown) });
    announce('refresh', { manager });
    try {
      const answer = refresh(context);
      Promise.resolve(answer).then(() => end({ ok: true }), fail);
      return answer;
    } catch (thrown) {
      fail(thrown);
      throw thrown;
    }
  };
  return Object.assign(told, refresh);
}

/** Tells of each request what the app sees: that it was made, and how it ended. */
function tellRequests(auth: TokenManager, tell: (step: string, detail: Step['detail']) => void) {
  const { fetch } = auth;
  return async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const request: Partial<Request> = Object(input);
    const asked = {
      url: placeOf(request.url ?? `${input}`),
      method: init?.method ?? request.method ?? 'GET',
    };
    const begun = Date.now();
    const durationMs = () => Date.now() - begun;
    tell('request', asked);
    try {
      const response = await fetch(input, init);
      tell('response', { ...asked, status: response.status, durationMs: durationMs() });
      return response;
    } catch (thrown) {
      tell('failed', { ...asked, error: nameOf(thrown), durationMs: durationMs() });
      throw thrown;
    }
  };
}

/** Has a manager tell all it does from now on. */
export function tellSteps(auth: TokenManager, manager: number, options: TokenManagerOptions): TokenManager {
  const parts = insideOf(auth);
  /** Texts that were looked at, until there are other tokens. */
  const seen = new Map<unknown, string>();
  const shown = (text: unknown) => {
    if (seen.size > 999) seen.clear();
    const known = seen.get(text) ?? tellable(parts, `${text}`);
    seen.set(text, known);
    return known;
  };
  const tell = (step: string, { url, method, ...detail }: Step['detail'] = {}) =>
    announce(step, {
      ...{ manager, ...detail },
      ...(url !== undefined && { url: shown(url) }),
      ...(method !== undefined && { method: shown(method) }),
    });
  const notAttached: NotAttached = parts.notAttached.bind(parts);
  const { on, subscribe, close } = auth;
  Object.assign(parts, {
    tell,
    number: manager,
    notAttached(...[target, reason]: Parameters<NotAttached>) {
      // The event comes once per origin and reason, this each time. What is no URL here may have a query.
      tell('not-attached', { url: placeOf(target.place), reason });
      notAttached(target, reason);
    },
  });
  let status = auth.status;
  tell('created', { status, ...settingsOf(options) });
  on('*', (...[event, payload]) => {
    if (event === 'not-attached') return;
    seen.clear();
    const isNew = event === 'signed-in' || event === 'token-refreshed';
    tell(event, { ...plain(payload as TokenEvents[typeof event]), ...(isNew && { life: lifeOf(parts) }) });
  });
  // That nobody is signed in is found without an event.
  subscribe(() => {
    const before = status;
    status = auth.status;
    if (before === 'unknown' && status === 'signed-out') tell('status', { status });
  });
  return Object.assign(auth, {
    fetch: tellRequests(auth, tell),
    close() {
      tell('closed');
      close();
    },
  });
}
