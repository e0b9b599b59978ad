/** Which URLs may carry the token. */
import { refuse } from '../check.ts';
import type { AllowRule } from '../types.ts';

/** A parsed request URL. */
export interface Target {
  /** Absolute, without fragment. */
  readonly href: string;
  /** What is sent: as the caller wrote it where that is absolute. */
  readonly input: string;
  readonly origin: string;
  /** Without query. */
  readonly place: string;
  /** The place with a slash behind it, as rules are compared; then with a star for the first label of its host. */
  readonly folder: string;
  readonly family: string;
  /** https, or http on a loopback host: a predicate is asked about no other. */
  readonly isSecure: boolean;
}

export type Matcher = (target: Target) => boolean;

const seen = /* @__PURE__ */ new Map<string, Target | undefined>();
let seenBase: string | undefined;

function parse(input: string, base: string | undefined): Target | undefined {
  try {
    const { protocol, hostname, origin, pathname, search } = new URL(input, base);
    const place = origin + pathname;
    const folder = `${place}/`;
    const href = place + search;
    return {
      href,
      // The page may move on before a relative one is sent.
      input: /^https?:/i.test(input) ? input : href,
      origin,
      place,
      folder,
      family: folder.replace(/\/\/[^./]+\./, '//*.'),
      isSecure: /^(https:|http:((.+\.)?localhost|127\.[\d.]+|\[::1\])$)/.test(protocol + hostname),
    };
  } catch {
    return undefined; // a relative URL without a page; fetch says what is wrong with the others
  }
}

/** Parses a URL as fetch would; one that was seen before is not parsed again. */
export function targetOf(input: string): Target | undefined {
  const page = globalThis as { document?: { baseURI?: string }; location?: { href?: string } };
  const base = page.document?.baseURI ?? page.location?.href;
  if (base !== seenBase || seen.size > 999) seen.clear();
  seenBase = base;
  let target = seen.get(input);
  if (!target) {
    target = parse(input, base);
    seen.set(input, target);
  }
  return target;
}

/** @throws TypeError when the rule is none. */
function compile(rule: unknown, label: string): Matcher {
  // Only `true` counts: a promise would be truthy. Each is asked with a URL of its own, which it may change.
  if (typeof rule === 'function') return ({ isSecure, href }) => isSecure && rule(new URL(href)) === true;
  const text = `${rule}`;
  const parsed = /^https?:\/\/(\*\.)?[^*?#@/]+(\/[^*?#]*)?$/i.test(text) && parse(text, undefined);
  if (!parsed) return refuse(label, rule, 'http(s) origin[/path]; * only as https://*.host');
  const start = parsed.place.replace(/\/*$/, '/');
  return ({ folder, family }) => folder.startsWith(start) || family.startsWith(start);
}

/**
 * Compiles rules, each checked once.
 *
 * @param label - The option's name, for messages.
 * @throws TypeError when there are none or one of them is no rule.
 */
export function matcherOf(rules: AllowRule | AllowRule[], label: string): Matcher {
  const matchers = [rules].flat().map((rule) => compile(rule, label));
  if (!matchers.length) refuse(label, rules, 'an origin');
  return (target) => matchers.some((matches) => matches(target));
}
