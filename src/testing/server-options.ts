/** The options of the authorization server, and their check. */
import { nearest } from '../nearest.ts';
import { ownMembers } from '../own.ts';

/** What can be asked of the server; each has a URL. */
export type Endpoint =
  | 'authorization'
  | 'token'
  | 'revocation'
  | 'jwks'
  | 'endSession'
  | 'signIn'
  | 'refresh'
  | 'cookieSignIn'
  | 'cookieRefresh'
  | 'cookieSignOut'
  | 'credentials';

/** All are optional. */
export interface AuthorizationServerOptions {
  /** Its origin, perhaps with a path. @default 'https://as.example.com' */
  issuer?: string | URL | undefined;
  /** Where your app expects an endpoint: a path of the issuer's origin, or a URL. @default see the table in docs/testing.md */
  endpoints?: Partial<Record<Endpoint, string>> | undefined;
  /** Milliseconds. @default 300_000 */
  accessTokenLifetime?: number | undefined;
  /** Milliseconds. @default for ever */
  refreshTokenLifetime?: number | undefined;
  /** Whether each refresh brings a new refresh token, and a spent one ends its session. @default true */
  rotation?: boolean | undefined;
  /** Milliseconds in which a spent refresh token is still answered. @default 0 */
  reuseInterval?: number | undefined;
  /** More claims of an ID token (`name`, `email`). @default none */
  claims?: ((subject: string) => object) | undefined;
}

const paths: Record<Endpoint, string> = {
  authorization: '/authorize',
  token: '/token',
  revocation: '/revoke',
  jwks: '/jwks',
  endSession: '/end-session',
  signIn: '/sign-in',
  refresh: '/refresh',
  cookieSignIn: '/cookie/sign-in',
  cookieRefresh: '/cookie/refresh',
  cookieSignOut: '/cookie/sign-out',
  credentials: '/credentials',
};

const names = [
  'issuer',
  'endpoints',
  'accessTokenLifetime',
  'refreshTokenLifetime',
  'rotation',
  'reuseInterval',
  'claims',
];

/** Whatever it is; not everything can be made a text. */
function textOf(given: unknown): string {
  try {
    return typeof given === 'string' ? JSON.stringify(given) : String(given);
  } catch {
    return typeof given;
  }
}

/** @throws TypeError, as all that is wrong here does. */
export function refuse(name: string, given: unknown, expected: string): never {
  throw new TypeError(`evertoken: ${name} is ${textOf(given)}; expected ${expected}`);
}

/** The options that are its own (R37). */
export function readNames<T extends object>(given: T, known: readonly string[], prefix = ''): T {
  if (given !== Object(given)) refuse(prefix.slice(0, -1) || 'options', given, 'an object');
  const own = ownMembers(given);
  for (const name of Object.keys(own)) {
    if (known.includes(name)) continue;
    const near = __DEVELOPMENT__ && nearest(name, known);
    throw new TypeError(
      `evertoken: there is no ${prefix}${name}; ${near ? `did you mean ${near}?` : `there are ${known.join(', ')}`}`,
    );
  }
  return own;
}

/** A word would be a URL, too, beside a base. */
const isPlace = (given: string | URL): boolean => /^(https?:\/\/|\/(?![/\\]))/i.test(`${given}`);

function urlOf(name: string, given: string | URL, base?: string): string {
  // `URL.canParse` is younger than many browsers.
  try {
    const { href } = new URL(given, base);
    // A request is known by its URL without the query.
    if (/^https?:[^?#]*$/.test(href) && (!base || isPlace(given))) return href;
  } catch {}
  return refuse(name, given, `${base ? 'a path, or ' : ''}an http URL, without a query`);
}

/** Of two endpoints at one URL only one could answer. */
function checkTwins(urls: readonly (readonly [name: string, url: string])[]): void {
  const names = new Map<string, string>();
  for (const [name, url] of urls) {
    const twin = names.get(url);
    if (twin) refuse(`options.endpoints.${name}`, url, `a URL of its own: ${twin} has this one`);
    names.set(url, name);
  }
}

/** @throws TypeError that names the option, what was given and what is expected. */
export function readServerOptions(given: AuthorizationServerOptions) {
  const options = readNames(given, names, 'options.');
  const places = readNames(
    options.endpoints === undefined ? {} : options.endpoints,
    Object.keys(paths),
    'options.endpoints.',
  );
  const {
    accessTokenLifetime = 300_000,
    refreshTokenLifetime = Number.POSITIVE_INFINITY,
    rotation = true,
    reuseInterval = 0,
    claims = () => ({}),
  } = options;
  const isTime = (value: unknown, least: number) => typeof value === 'number' && value >= least;
  if (!isTime(accessTokenLifetime, 1) || !Number.isFinite(accessTokenLifetime))
    refuse('options.accessTokenLifetime', accessTokenLifetime, 'milliseconds, from 1 on');
  if (!isTime(refreshTokenLifetime, 1))
    refuse('options.refreshTokenLifetime', refreshTokenLifetime, 'milliseconds, from 1 on');
  if (!isTime(reuseInterval, 0)) refuse('options.reuseInterval', reuseInterval, 'milliseconds');
  if (typeof rotation !== 'boolean') refuse('options.rotation', rotation, 'true or false');
  if (typeof claims !== 'function') refuse('options.claims', claims, 'a function of the subject');
  // As it is compared: without a slash at the end (OpenID Connect Discovery 1.0 §4.1).
  const issuer = urlOf('options.issuer', options.issuer ?? 'https://as.example.com').replace(/\/$/, '');
  const urls = Object.entries(paths).map(([name, path]) => {
    const given = places[name as Endpoint] ?? `${issuer}${path}`;
    return [name, urlOf(`options.endpoints.${name}`, given, issuer)] as const;
  });
  checkTwins(urls);
  const endpoints: Readonly<Record<Endpoint, string>> = Object.fromEntries(urls) as Record<Endpoint, string>;
  return {
    ...{ issuer, endpoints, claims },
    rules: { accessTokenLifetime, refreshTokenLifetime, rotation, reuseInterval },
  };
}

export type ServerOptions = ReturnType<typeof readServerOptions>;
