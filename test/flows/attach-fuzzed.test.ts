/**
 * R1: fuzzed URLs. What the fetch underneath was asked for, as the platform resolves it, carries the token if and only if
 * an oracle of its own says so. `SEED=2 URLS=1000000 npx vitest run --project unit test/flows/attach-fuzzed.test.ts` for more.
 */
import { type AllowRule, createTokenManager, type UrlRule } from 'evertoken';
import { expect, test, vi } from 'vitest';
import { deferred } from '../support/world.ts';

const URLS = Number(process.env['URLS'] ?? 100_000);

/** The same URLs each time, so that a change is judged and not chance. */
const seed = Number(process.env['SEED'] ?? 1);

/** Numbers below 2^32 that look like chance (mulberry32). */
function createChance(seed: number) {
  let state = seed;
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
  return { below, oneOf: <T>(list: readonly T[]): T => list[below(list.length)] as T };
}
type Chance = ReturnType<typeof createChance>;

const schemes = [
  ...Array(8).fill('https://'),
  ...[
    'http://',
    'http://',
    'http://',
    'HTTPS://',
    'https:',
    'https:/',
    'https:///',
    'https:\\\\',
    'http:/\\',
  ],
  ...[
    '\thttps://',
    ' http://',
    'ht\ntps://',
    'https:\t//',
    '//',
    '\\\\',
    '/\\',
    '',
    '',
    '/',
    '?',
    '#',
    '.',
    './',
    '..//',
  ],
  ...[
    'ws://',
    'ftp://',
    'file:///',
    'blob:https://',
    'data:,https://',
    'javascript://',
    'foo://',
    'foo:/',
    'about:',
  ],
];
const credentials = [
  ...Array(12).fill(''),
  ...[
    'user@',
    'user:pw@',
    ':@',
    '@',
    'api.example.com@',
    'api.example.com:443@',
    'evil.test%40',
    'a.example.com\\@',
  ],
];
const hosts = [
  ...Array(6).fill('api.example.com'),
  ...[
    'API.Example.COM',
    'api.example.com.',
    'api.example.com.evil.test',
    'evil.test',
    'api-example.com',
    'example.com',
  ],
  ...[
    'a.example.com',
    'a.b.example.com',
    '.example.com',
    '*.example.com',
    'aexample.com',
    'a.example.com.evil.test',
  ],
  ...[
    'bücher.example',
    'BÜCHER.example',
    'xn--bcher-kva.example',
    'bu\u0308cher.example',
    'api。example。com',
  ],
  ...[
    'аpi.example.com',
    'ａpi.example.com',
    'api.exam\u00adple.com',
    'api%2eexample%2ecom',
    'api.example.com%00',
    'api%2fx',
  ],
  ...[
    'localhost',
    'LOCALHOST',
    'app.localhost',
    'localhost.',
    'localhost.evil.test',
    'evil-localhost',
    '127.0.0.1',
    '127.1',
  ],
  ...[
    '0x7f.1',
    '2130706433',
    '127.0.0.1.evil.test',
    '128.0.0.1',
    '[::1]',
    '[0:0::1]',
    '[::ffff:127.0.0.1]',
    '1.2.3.999',
  ],
  ...['api.exa\tmple.com', 'app.example.com', 'cdn.example.com', '', 'null', 'v1'],
];
const ports = [
  ...Array(8).fill(''),
  ':443',
  ':80',
  ':8443',
  ':08443',
  ':',
  ':65536',
  ':84x',
  ':8\t443',
  ':8443@evil.test',
];
const paths = [
  ...[
    '',
    '/',
    '/',
    '/v1',
    '/v1/',
    '/v1/x',
    '/v1/users/7',
    '/v10',
    '/V1',
    '/v1.x',
    '/v1;x',
    '//v1',
    '/v1//x',
    '/x/v1',
  ],
  ...[
    '/v1/../admin',
    '/admin/../v1',
    '/v1/%2e%2e/admin',
    '/v1/%2E./x',
    '/v1/.%2e',
    '/./v1',
    '/v1/..',
    '\\v1',
    '/v1\\..\\x',
  ],
  ...[
    '/%761',
    '/v1%2f..',
    '/v1%2Fx',
    '/..%2fv1',
    '/v1/..;/x',
    '/\tv1',
    '/v\n1',
    '/v1/public',
    '/v1/public/x',
    '/v1/publicity',
  ],
  ...[
    '/v1/public/..',
    '/v1/PUBLIC',
    '/v1/%70ublic',
    '/admin',
    '/login',
    '//a.example.com/',
    '/@api.example.com/',
    '/é',
    '/ v1',
  ],
];
const ends = [
  ...Array(6).fill(''),
  '?',
  '?x=1',
  '?/v1/',
  '#',
  '#/v1',
  '?@api.example.com',
  '#@api.example.com/',
  '?a#b',
  ' ',
  '%',
];
const odd = [
  ...'\t\n\r /\\@:?#%.[]*|<>^`{}',
  '\u0000',
  '\u00ad',
  '\u3002',
  '%2e',
  '%2f',
  '%5c',
  '%00',
  '..',
  '//',
];

function createUrl({ below, oneOf }: Chance): string {
  const text = [schemes, credentials, hosts, ports, paths, ends].map(oneOf).join('');
  const at = below(text.length + 1);
  const luck = below(10);
  if (luck < 2) return text.slice(0, at) + oneOf(odd) + text.slice(at);
  if (luck === 2) return text.slice(0, at) + text.slice(at + 1);
  return luck === 3 ? oneOf(paths) + oneOf(ends) : text;
}

/** A page or worker; `document` where its base is another URL. */
interface Page {
  readonly location: { readonly href: string; readonly origin: string };
  readonly document?: { readonly baseURI: string };
}
const pageAt = (href: string, base?: string): Page => ({
  location: { href, origin: new URL(href).origin },
  ...(base && { document: { baseURI: base } }),
});
const baseOf = (page: Page | undefined) => page?.document?.baseURI ?? page?.location.href;
const pages: (Page | undefined)[] = [
  ...[undefined, pageAt('https://app.example.com/shop/index.html'), pageAt('http://localhost:8443/v1/')],
  ...[
    pageAt('https://api.example.com/v1/x', 'https://cdn.example.com/base/'),
    pageAt('https://cdn.example.com/w.js'),
  ],
  // A sandboxed frame: its origin is opaque, as that of every odd scheme.
  {
    location: { href: 'about:srcdoc', origin: 'null' },
    document: { baseURI: 'https://app.example.com/v1/' },
  },
  { location: { href: 'file:///app/index.html', origin: 'null' } },
];

const segments = (path: string) => path.replace(/\/+$/, '').split('/');
const isUnder = (path: string, prefix: string): boolean =>
  segments(prefix).every((segment, index) => path.split('/')[index] === segment);
const isSame = (one: URL, two: URL) =>
  one.protocol === two.protocol && one.hostname === two.hostname && one.port === two.port;

function isLoopback({ hostname }: URL): boolean {
  const names = hostname.split('.');
  // A name with nothing before its dot is none.
  if (names.at(-1) === 'localhost') return names.length !== 2 || names[0] !== '';
  const isAddress = names.length === 4 && names.every((name) => Number(name) <= 255);
  return hostname === '[::1]' || (isAddress && names[0] === '127');
}

/** Whether one rule covers a URL, written with nothing but what the platform makes of the two. */
function covers(rule: UrlRule, url: URL, page: Page | undefined): boolean {
  if (typeof rule === 'function')
    return (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))) && rule(new URL(url));
  if (`${rule}`.startsWith('/')) {
    const own = page && page.location.origin !== 'null' ? new URL(page.location.origin) : undefined;
    return !!own && isSame(own, url) && isUnder(url.pathname, new URL(rule, 'https://x').pathname);
  }
  if (!`${rule}`.includes('*')) {
    const parsed = new URL(rule);
    return isSame(parsed, url) && isUnder(url.pathname, parsed.pathname);
  }
  const [first, ...rest] = url.hostname.split('.');
  const parsed = new URL(`${rule}`.replace('*', 'star'));
  const family = new URL(url);
  family.hostname = ['star', ...rest].join('.');
  return (
    !!first &&
    family.hostname.startsWith('star.') &&
    isSame(parsed, family) &&
    isUnder(url.pathname, parsed.pathname)
  );
}

function isAllowed(rules: readonly AllowRule[], url: URL, page: Page | undefined): boolean {
  return rules.some((rule) => {
    const place = typeof rule === 'object' && 'url' in rule ? rule : { url: rule as UrlRule };
    const except = [('except' in place && place.except) || []].flat();
    return (
      [place.url].flat().some((one) => covers(one, url, page)) &&
      !except.some((path) => isUnder(url.pathname, path))
    );
  });
}

const ruleSets: AllowRule[][] = [
  ['https://api.example.com'],
  ['https://api.example.com/v1', 'http://localhost:8443', 'http://evil.test'],
  ['https://*.example.com', 'http://127.0.0.1', 'http://[::1]:8443/v1/'],
  [
    { url: ['https://api.example.com', 'https://bücher.example/v1'], except: ['/v1/public', '/admin'] },
    'https://*.example.com:8443/v1',
  ],
  ['/'],
  ['/v1', new URL('https://api.example.com:8443/v1/users')],
  [({ hostname }) => hostname.endsWith('example.com') || hostname.endsWith('localhost')],
  [
    { url: [() => true], except: '/v1' },
    { url: '/', except: '/v1/public' },
  ],
];

/** What the fetch underneath was asked for. */
interface Asked {
  readonly input: RequestInfo | URL;
  readonly init: RequestInit | undefined;
}

const shared = new Response();

async function open(allow: AllowRule[]) {
  const asked: Asked[] = [];
  const renewed = deferred();
  const auth = createTokenManager({
    allow,
    refresh: () => renewed.promise.then(() => ({ access_token: 'secret' })),
    fetch: async (input, init) => {
      asked.push({ input, init });
      return shared;
    },
  });
  await auth.signIn({ access_token: 'secret', refresh_token: 'r' });
  return { auth, asked, renew: renewed.resolve };
}

const parse = (input: string, base: string | undefined) =>
  URL.canParse(input, base) ? new URL(input, base) : undefined;

/** How the platform resolves what it is asked for. */
const resolve = ({ input }: Asked, page: Page | undefined) =>
  parse(input instanceof Request ? input.url : `${input}`, baseOf(page));

function hasToken({ input, init }: Asked): boolean {
  const headers = init?.headers ?? (input instanceof Request ? input.headers : undefined);
  return !!headers && new Headers(headers).get('authorization') === 'Bearer secret';
}

/** The URL as a string, mostly; as what else fetch takes, where it can be that. */
function inputOf({ below }: Chance, text: string, url: URL | undefined): RequestInfo | URL {
  const form = below(8);
  if (!url || form > 2) return text;
  const mayBeRequest = /^https?:/.test(url.href) && !url.username && !url.password;
  return form || !mayBeRequest ? url : new Request(url);
}

/** Each page with each set of rules. */
const scenes = pages.flatMap((page) => ruleSets.map((rules) => ({ page, rules })));

function enter(page: Page | undefined): void {
  vi.unstubAllGlobals();
  for (const [name, value] of Object.entries(page ?? {})) vi.stubGlobal(name, value);
}

test(`R1: of ${URLS} fuzzed URLs each carries the token if and only if a rule allows it`, async () => {
  const chance = createChance(seed);
  const found = { carried: 0, bare: 0, unresolved: 0 };
  for (const { page, rules } of scenes) {
    enter(page);
    const { auth, asked } = await open(rules);
    for (let count = 0; count < URLS / scenes.length; count++) {
      const text = createUrl(chance);
      const url = parse(text, baseOf(page));
      const input = inputOf(chance, text, url);
      asked.length = 0;
      // What comes of it does not matter, but nothing may be left behind.
      const ending = auth.fetch(input);
      const [sent] = asked;
      const what = () =>
        `${JSON.stringify(text)} at ${baseOf(page)} under ${rules.map(String)}, seed ${seed}`;
      if (asked.length !== 1 || !sent) expect.fail(`${what()}: asked ${asked.length} times`);
      const resolved = resolve(sent, page);
      if (resolved?.href !== url?.href) expect.fail(`${what()}: sent to ${resolved?.href}`);
      const expected = !!resolved && isAllowed(rules, resolved, page);
      if (hasToken(sent) !== expected)
        expect.fail(`${what()}: the token ${expected ? 'is missing' : 'got out'}`);
      found[resolved ? (expected ? 'carried' : 'bare') : 'unresolved']++;
      if (count % 1_000 === 0) await ending;
    }
    auth.close();
  }
  vi.unstubAllGlobals();
  // None of the three may be rare.
  for (const number of Object.values(found)) expect(number).toBeGreaterThan(URLS / 50);
});

test('R1: what waits for a refresh is sent to where it was meant to go, though the base changes meanwhile', async () => {
  const chance = createChance(seed);
  const [page, next] = [
    pageAt('https://app.example.com/shop/'),
    pageAt('https://app.example.com/', 'https://evil.test/'),
  ];
  const rules: AllowRule[] = ['/', 'https://api.example.com', 'https://*.example.com:8443'];
  enter(page);
  const { auth, asked, renew } = await open(rules);
  await auth.signIn({ access_token: 'old', refresh_token: 'r', expiresAt: 1 });
  const meant: string[] = [];
  const calls: Promise<unknown>[] = [];
  while (meant.length < 1_000) {
    const text = createUrl(chance);
    const url = parse(text, baseOf(page));
    if (!url || !isAllowed(rules, url, page)) continue;
    meant.push(url.href);
    calls.push(auth.fetch(inputOf(chance, text, url)));
  }
  expect(asked).toEqual([]);
  enter(next);
  renew();
  await Promise.all(calls);
  expect(asked.every(hasToken)).toBe(true);
  expect(asked.map((one) => resolve(one, next)?.href).sort()).toEqual(meant.sort());
});
