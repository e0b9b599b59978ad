/** Which URLs may carry the token, and which have to. */
import { checkMembers, refuse } from '../check.ts';
import { ownMembers } from '../own.ts';
import type { AllowedPlace, AllowRule, UrlRule } from '../types.ts';
import { ownOrigin, parseUrl, type Target } from './target.ts';

export type Matcher = (target: Target) => boolean;

/** A rule of `allow`, compiled. */
export interface Place extends AllowedPlace {
  readonly matches: Matcher;
  /** Whether a path is taken out of it. */
  readonly isExcepted: Matcher;
}

/** Why no rule covers a URL. */
export type Uncovered = 'excepted' | 'insecure' | 'not-allowed';

const aRule = __DEVELOPMENT__
  ? "an http(s) origin, with a path or none; '/' for the page's; * only as https://*.example.com"
  : 'an http(s) origin or path';

/** A path of an origin, with a slash behind it; `undefined` for what is none. */
const pathOf = (text: string): string | undefined =>
  /^\/(?![/\\])[^*?#]*$/.test(text) ? new URL(text.replace(/\/*$/, '/'), 'https://page').pathname : undefined;

/** @throws TypeError when the rule is none. */
function compile(rule: unknown, label: string): Matcher {
  // Only `true` counts: a promise would be truthy. Each is asked with a URL of its own, which it may change.
  if (typeof rule === 'function') return ({ isSecure, href }) => isSecure && rule(new URL(href)) === true;
  const text = `${rule}`;
  const path = pathOf(text);
  if (path) return ({ folder }) => folder.startsWith(`${ownOrigin()}${path}`);
  const isRule = /^(https:\/\/\*\.(?=[^/]*[^/.]\.[^/.])|https?:\/\/)[^*?#@/]+(\/[^*?#]*)?$/i.test(text);
  const parsed = isRule && parseUrl(text);
  if (!parsed) return refuse(label, rule, aRule);
  const start = parsed.place.replace(/\/*$/, '/');
  return ({ folder, family }) => folder.startsWith(start) || family.startsWith(start);
}

/**
 * Compiles each of a list, or the one that stands for it.
 *
 * @param label - The option's name, for messages.
 * @throws TypeError when there are none or one of them is no rule.
 */
function compileEach<T, C>(rules: T | T[], label: string, compileOne: (rule: T, label: string) => C): C[] {
  const compiled = [rules]
    .flat()
    .map((rule, index) => compileOne(rule as T, Array.isArray(rules) ? `${label}[${index}]` : label));
  return compiled.length ? compiled : refuse(label, rules, aRule);
}

/** Whether one of the rules covers it. */
export function matcherOf(rules: UrlRule | UrlRule[], label: string): Matcher {
  const [first, ...others] = compileEach(rules, label, compile);
  // Nearly always there is one.
  return (target) => (first as Matcher)(target) || others.some((matches) => matches(target));
}

const kinds: Record<keyof AllowedPlace, string> = {
  url: 'string or function or object or array',
  except: 'string or array or undefined',
  token: "'required' or 'optional' or undefined",
};

function placeOf(rule: AllowRule, label: string): Place {
  const isPlain = typeof rule !== 'object' || !rule || 'href' in rule;
  const place = isPlain ? ownMembers<AllowedPlace>({ url: rule }) : checkMembers(label, rule, kinds);
  const paths = [place.except ?? []]
    .flat()
    .map((path) => pathOf(`${path}`) ?? refuse(`${label}.except`, path, 'a path'));
  return Object.assign(place, {
    matches: matcherOf(place.url, isPlain ? label : `${label}.url`),
    isExcepted: ({ folder, origin }: Target) => paths.some((path) => folder.startsWith(origin + path)),
  });
}

/** @throws TypeError when there are none or one of them is no rule. */
export const placesOf = (allow: AllowRule | AllowRule[], label: string): readonly Place[] =>
  compileEach(allow, label, placeOf);

/** The first that covers the URL, or why none does. */
export function placeFor(places: readonly Place[], target: Target): Place | Uncovered {
  let reason: Uncovered = 'not-allowed';
  for (const place of places) {
    if (place.matches(target)) {
      if (!place.isExcepted(target)) return place;
      reason = 'excepted';
    }
  }
  // A predicate is not asked about plain http.
  const isPlainHttp = !target.isSecure && target.href.startsWith('http:');
  const isAsked = isPlainHttp && places.flatMap(({ url }) => url).some((rule) => typeof rule === 'function');
  return isAsked && reason !== 'excepted' ? 'insecure' : reason;
}
