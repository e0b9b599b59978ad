/** What a request's URL means: resolved once, by the rules of the platform's own fetch, and what is judged is sent (R1). */

/** A parsed request URL. */
export interface Target {
  /** Absolute, without fragment. */
  readonly href: string;
  /** What is sent: as the caller wrote it where that means the same everywhere. */
  readonly input: string;
  /** Its origin with a slash behind it, which is what most rules are; of other schemes than http the scheme. */
  readonly root: string;
  /** Without query. */
  readonly place: string;
  /** The place with a slash behind it, as rules are compared; then with a star for the first label of its host. */
  readonly folder: string;
  readonly family: string;
  /** https, or http on a loopback host: a predicate is asked about no other. */
  readonly isSecure: boolean;
}

const seen = /* @__PURE__ */ new Map<string, Target | undefined>();
let seenBase: string | undefined;

export function parseUrl(input: string, base?: string): Target | undefined {
  try {
    const { protocol, hostname, origin, pathname, search, href: whole } = new URL(input, base);
    // Of other schemes no more is told: `data:` holds what it names.
    const place = /^https?:$/.test(protocol) ? origin + pathname : protocol;
    const folder = `${place}/`;
    return {
      href: place === protocol ? whole : place + search,
      // `https:x` is relative in a page, whose base may change before it is sent.
      input: /^https?:\/\//i.test(input) ? input : whole,
      place,
      root: place === protocol ? place : `${origin}/`,
      folder,
      family: folder.replace(/\/\/[^./]+\./, '//*.'),
      isSecure: /^(https:|http:((.+\.)?localhost|127(\.\d+){3}|\[::1\])$)/.test(protocol + hostname),
    };
  } catch {
    return undefined; // a relative URL without a page; fetch says what is wrong with the others
  }
}

const globals = globalThis as {
  document?: { baseURI?: string };
  location?: { href?: string; origin?: string };
};

/** Parses a URL as fetch would; one that was seen before is not parsed again. */
export function targetOf(input: string): Target | undefined {
  const base = globals.document?.baseURI ?? globals.location?.href;
  if (base !== seenBase || seen.size > 999) seen.clear();
  seenBase = base;
  let target = seen.get(input);
  if (!target) {
    target = parseUrl(input, base);
    seen.set(input, target);
  }
  return target;
}

/** That of the page or worker; `undefined` where there is none, or an opaque one, which every odd scheme has. */
export const ownOrigin = (): string | undefined => {
  const origin = globals.location?.origin;
  return origin === 'null' ? undefined : origin;
};

/** Whether an answer came from beyond a cross-origin redirect, where the platform has dropped `Authorization`. */
export const isFromElsewhere = ({ url, redirected = !!url }: Response, { root }: Target): boolean =>
  redirected && targetOf(url)?.root !== root;
