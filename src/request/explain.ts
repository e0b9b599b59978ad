/** Why a request carries a token, or none: a function of its own, so that nobody else ships it (R72). */
import type { TokenEvents, TokenManager } from '../api.ts';
import { refuse } from '../check.ts';
import { distance } from '../nearest.ts';
import { nothing } from '../own.ts';
import { isBackingOff } from '../session/back-off.ts';
import type { Sharing } from '../session/commit.ts';
import type { RefresherParts } from '../session/refresher.ts';
import type { Attach, UrlRule } from '../types.ts';
import { covers, type Place, placeFor, rulesOf } from './allow.ts';
import { isRequest } from './call.ts';
import type { Captures } from './capture.ts';
import { inside } from './inside.ts';
import { ownOrigin, parseUrl, type Target, targetOf } from './target.ts';

/** What `auth.fetch` would do with a request, and why. */
export interface Explanation {
  /** Whether it would carry our token. */
  readonly attaches: boolean;
  /** Whether it would wait first: for the store, for the server of a cookie, for a refresh. */
  readonly waits: boolean;
  /** Absolute, without fragment; as it was given where it means nothing here. */
  readonly url: string;
  /** The rule that covers it. */
  readonly rule?: UrlRule;
  /** The rule that comes nearest, and the one thing in which it differs. */
  readonly nearest?: { readonly rule: UrlRule; readonly differsBy: 'scheme' | 'host' | 'port' | 'path' };
  /** As the event `not-attached` says it; `unknown`: nobody knows yet who is signed in; `closed`: the manager is. */
  readonly reason: TokenEvents['not-attached']['reason'] | 'attached' | 'unknown' | 'closed';
}

/** What a manager keeps for this. */
interface Inside extends RefresherParts {
  readonly sharing: Sharing;
  readonly places: readonly Place[];
  readonly attach: Attach;
  readonly replace: Attach['replace'];
  readonly captures: Captures | undefined;
  status(): TokenManager['status'];
}

/** Names of this machine, or names that a person mistakes for one another. */
function areAlike(a: string, b: string): boolean {
  const isLoopback = (host: string) => /^(localhost|127\..*|\[::1\])$/.test(host);
  if (isLoopback(a) && isLoopback(b)) return true;
  if (a.endsWith(`.${b}`) || b.endsWith(`.${a}`)) return true;
  return distance(a, b) <= 2;
}

const ports: Record<string, string> = { 'http:': '80', 'https:': '443' };

/** In which one thing a URL differs from a rule. */
function difference(rule: UrlRule, target: Target): 'scheme' | 'host' | 'port' | 'path' | undefined {
  const parsed = typeof rule === 'function' ? undefined : parseUrl(`${rule}`, ownOrigin());
  if (!parsed) return undefined;
  const [one, two] = [new URL(parsed.href), new URL(target.href)];
  const isStandard = !one.port && !two.port;
  const differs = {
    scheme: one.protocol !== two.protocol,
    host: one.hostname !== two.hostname,
    port: !isStandard && (one.port || ports[one.protocol]) !== (two.port || ports[two.protocol]),
    path: !`${two.pathname}/`.startsWith(one.pathname.replace(/\/*$/, '/')),
  };
  const names = (['scheme', 'host', 'port', 'path'] as const).filter((name) => differs[name]);
  if (names.length !== 1 || (differs.host && !areAlike(one.hostname, two.hostname))) return undefined;
  return names[0];
}

function nearestOf(rules: readonly UrlRule[], target: Target): Explanation['nearest'] {
  const near = rules.flatMap((rule) => {
    const differsBy = difference(rule, target);
    return differsBy ? [{ rule, differsBy }] : [];
  });
  // The path is what is meant most often.
  return near.find(({ differsBy }) => differsBy === 'path') ?? near[0];
}

/** Whether the caller has set the header that `attach` would set, or `Authorization`; nothing is read but headers. */
function hasOwnHeader(
  { attach, replace, sessions }: Inside,
  method: string,
  url: string,
  headers: Headers,
): boolean {
  if (replace) return false;
  const { held } = sessions.current.state;
  let added: object = {};
  try {
    if (held && !sessions.closed.aborted) added = attach.headers({ method, url, tokens: held.tokens });
  } catch {} // then the request says so
  // What comes later (a proof) is not waited for.
  if ('then' in added) (added as Promise<unknown>).catch(() => {});
  return ['authorization', ...Object.keys(added)].some((name) => headers.has(name));
}

/** What becomes of a request that a place covers. */
function ofSession(
  parts: Inside,
  isKeptAlive: boolean | undefined,
): Pick<Explanation, 'attaches' | 'waits' | 'reason'> {
  const { sessions, sharing, withoutRefreshToken } = parts;
  const { state } = sessions.current;
  const { held } = state;
  const now = Date.now();
  if (!held) {
    const isUnknown = parts.status() === 'unknown';
    const waits = isUnknown && (!withoutRefreshToken || !isBackingOff(state));
    return { attaches: false, waits, reason: isUnknown ? 'unknown' : 'signed-out' };
  }
  if (now >= held.expiresAt && isBackingOff(state))
    return { attaches: false, waits: false, reason: 'no-token' };
  const isDue = now >= (isKeptAlive ? held.expiresAt : held.waitAt) && !isBackingOff(state);
  return { attaches: true, waits: isDue || sharing.isOpening(), reason: 'attached' };
}

/**
 * Says what `auth.fetch` would do with a request, and why. It sends nothing, and never reads or clones a `Request`.
 *
 * @param input - As for `fetch`.
 * @throws TypeError where `auth` is no manager of this package.
 *
 * @example
 * import { explain } from 'evertoken';
 *
 * const { attaches, reason, nearest } = explain(auth, 'http://localhost:3000/me');
 * // false, 'not-allowed', { rule: 'http://127.0.0.1:3000', differsBy: 'host' }
 */
export function explain(auth: TokenManager, input: string | URL | Request, init?: RequestInit): Explanation {
  const parts = (auth as { [inside]?(): Inside } | undefined)?.[inside]?.();
  if (!parts) return refuse('explain(auth)', auth, 'what createTokenManager made');
  const { sessions, places, captures } = parts;
  const request = isRequest(input) ? input : undefined;
  const text = request?.url ?? `${input}`;
  const target = targetOf(text);
  const without = (reason: Explanation['reason']) => ({
    attaches: false,
    waits: false,
    url: target?.href ?? text,
    reason,
  });
  if (!target) return without('no-page');
  const { method = request?.method ?? 'GET', headers = request?.headers } = init ?? (nothing as RequestInit);
  if (captures?.ruleFor({ target, method })?.startsSession) return without('sign-in');
  const place = placeFor(places, target);
  if (typeof place === 'string') {
    const nearest =
      place === 'excepted'
        ? undefined
        : nearestOf(
            places.flatMap(({ url }) => url),
            target,
          );
    return { ...without(place), ...(nearest && { nearest }) };
  }
  const rule = [place.url].flat().find((one) => covers(rulesOf(one, 'allow'), target));
  const found = { url: target.href, ...(rule && { rule }) };
  if (hasOwnHeader(parts, method, target.href, new Headers(headers)))
    return { ...without('own-header'), ...found };
  if (sessions.closed.aborted) return { ...without('closed'), ...found };
  return { ...ofSession(parts, init?.keepalive ?? request?.keepalive), ...found };
}
