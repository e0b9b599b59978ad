/** Which URLs may carry the token, and which have to. */
import { checkMembers, refuse } from '../check.ts';
import type { AllowedPlace, AllowRule, UrlRule } from '../types.ts';
import { ownOrigin, parseUrl, type Target } from './target.ts';

export type Matcher = (target: Target) => boolean;

/** A rule of `allow`, compiled. */
export interface Place extends Pick<AllowedPlace, 'token'> {
  readonly matches: Matcher;
  /** Paths that are taken out of it, with a slash behind them. */
  readonly except: readonly string[];
  /** It has a predicate, which is not asked about plain http. */
  readonly isAsked: boolean;
}

const aRule =
  "an http(s) origin, perhaps with a path; '/' for the page's own; * only as https://*.example.com";

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
 * Compiles rules, each checked once.
 *
 * @param label - The option's name, for messages.
 * @throws TypeError when there are none or one of them is no rule.
 */
export function matcherOf(rules: UrlRule | UrlRule[], label: string): Matcher {
  const isList = Array.isArray(rules);
  const matchers = [rules].flat().map((rule, index) => compile(rule, isList ? `${label}[${index}]` : label));
  if (!matchers.length) refuse(label, rules, aRule);
  return (target) => matchers.some((matches) => matches(target));
}

const kinds: Record<keyof AllowedPlace, string> = {
  url: 'string or function or object or array',
  except: 'string or array or undefined',
  token: "'required' or 'optional' or undefined",
};

function placeOf(rule: AllowRule, label: string): Place {
  const isPlain = typeof rule !== 'object' || !rule || 'href' in rule;
  const {
    url,
    except = [],
    token,
  }: AllowedPlace = isPlain
    ? { url: rule, except: undefined, token: undefined }
    : checkMembers(label, rule, kinds);
  return {
    matches: matcherOf(url, isPlain ? label : `${label}.url`),
    except: [except]
      .flat()
      .map((path) => pathOf(`${path}`) ?? refuse(`${label}.except`, path, "a path, as '/public'")),
    token,
    isAsked: [url].flat().some((one) => typeof one === 'function'),
  };
}

/** @throws TypeError when there are none or one of them is no rule. */
export function placesOf(allow: AllowRule | AllowRule[], label: string): readonly Place[] {
  const isList = Array.isArray(allow);
  const places = [allow].flat().map((rule, index) => placeOf(rule, isList ? `${label}[${index}]` : label));
  return places.length ? places : refuse(label, allow, aRule);
}

const covers = ({ matches, except }: Place, target: Target): boolean =>
  matches(target) && !except.some((path) => target.folder.startsWith(target.origin + path));

/** The first that covers the URL. */
export const placeFor = (places: readonly Place[], target: Target): Place | undefined =>
  places.find((place) => covers(place, target));

/** Why none does. */
export function whyNone(places: readonly Place[], target: Target): 'excepted' | 'insecure' | 'not-allowed' {
  if (places.some(({ except, matches }) => except.length && matches(target))) return 'excepted';
  const isPlainHttp = !target.isSecure && target.place.startsWith('http:');
  return isPlainHttp && places.some(({ isAsked }) => isAsked) ? 'insecure' : 'not-allowed';
}
