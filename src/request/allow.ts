/** Which URLs may carry the token, and which have to. */
import { checkMembers, refuse } from '../check.ts';
import { memberOf, ownMembers } from '../own.ts';
import type { AllowedPlace, AllowRule, UrlRule } from '../types.ts';
import { ownOrigin, parseUrl, type Target } from './target.ts';

/** What a URL begins with, a path of the page's own origin, or a predicate. */
type Rule = string | ((url: URL) => unknown);

/** A rule of `allow`, compiled. */
export interface Place extends AllowedPlace {
  readonly rules: readonly Rule[];
  /** The paths that are taken out of it. */
  readonly paths?: readonly string[];
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
function compile(rule: unknown, label: string): Rule {
  if (typeof rule === 'function') return rule as Rule;
  const text = typeof rule === 'string' ? rule : `${memberOf(rule, 'href')}`;
  const path = pathOf(text);
  if (path) return path;
  const isRule = /^(https:\/\/\*\.(?=[^/]*[^/.]\.[^/.])|https?:\/\/)[^*?#@/]+(\/[^*?#]*)?$/i.test(text);
  const parsed = isRule && parseUrl(text);
  return parsed ? parsed.place.replace(/\/*$/, '/') : refuse(label, rule, aRule);
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

/** @throws TypeError when there are none or one of them is no rule. */
export const rulesOf = (rules: UrlRule | UrlRule[], label: string): readonly Rule[] =>
  compileEach(rules, label, compile);

/** Whether one of the rules covers it. */
export function covers(rules: readonly Rule[], target: Target): boolean {
  const { root, folder, family } = target;
  for (const rule of rules) {
    const isCovered =
      typeof rule === 'function'
        ? // Only `true` counts: a promise would be truthy. Each is asked with a URL of its own, which it may change.
          target.isSecure && rule(new URL(target.href)) === true
        : root === rule ||
          folder.startsWith(rule) ||
          family.startsWith(rule) ||
          (rule.startsWith('/') && folder.startsWith(`${ownOrigin()}${rule}`));
    if (isCovered) return true;
  }
  return false;
}

const kinds: Record<keyof AllowedPlace, string> = {
  url: 'string or function or object or array',
  except: 'string or array or undefined',
  token: "'required' or 'optional' or undefined",
};

const isUrlRule = (rule: AllowRule): rule is UrlRule =>
  typeof rule !== 'object' || !rule || !!memberOf(rule, 'href');

function placeOf(rule: AllowRule, label: string): Place {
  const isPlain = isUrlRule(rule);
  const place = isPlain ? ownMembers<AllowedPlace>({ url: rule }) : checkMembers(label, rule, kinds);
  const paths = [place.except ?? []]
    .flat()
    .map((path) => pathOf(`${path}`) ?? refuse(`${label}.except`, path, 'a path'));
  return Object.assign(place, {
    rules: rulesOf(place.url, isPlain ? label : `${label}.url`),
    ...(paths[0] && { paths }),
  });
}

/** @throws TypeError when there are none or one of them is no rule. */
export const placesOf = (allow: AllowRule | AllowRule[], label: string): readonly Place[] =>
  compileEach(allow, label, placeOf);

const isExcepted = ({ paths }: Place, { folder, root }: Target) =>
  paths?.some((path) => folder.startsWith(root.slice(0, -1) + path));

/** The first that covers the URL, or why none does. */
export function placeFor(places: readonly Place[], target: Target): Place | Uncovered {
  let reason: Uncovered = 'not-allowed';
  for (const place of places) {
    if (covers(place.rules, target)) {
      if (!isExcepted(place, target)) return place;
      reason = 'excepted';
    }
  }
  // A predicate is not asked about plain http.
  const isPlainHttp = !target.isSecure && target.href.startsWith('http:');
  const isAsked = isPlainHttp && places.flatMap(({ url }) => url).some((rule) => typeof rule === 'function');
  return isAsked && reason !== 'excepted' ? 'insecure' : reason;
}
