/** The page of `npm run demo` in every engine: each button does what it says, and the app gets over it. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { type Playground, startPlayground } from '../../examples/playground/playground.ts';
import { findPort } from '../support/port.ts';
import type { Browser, Tab } from './support/browser.ts';
import { inEveryEngine } from './support/engines.ts';
import { click, eventually } from './support/hands.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Tokens that were issued in this test; whatever a page shows or keeps is held against them. */
const tokens: string[] = [];
let playground: Playground;

/** Keeps what the page complains of, from its first line on; a request that fails is trouble, and no complaint. */
const prelude = `
  globalThis.complaints = [];
  for (const name of ['error', 'warn']) {
    const say = console[name];
    console[name] = (...words) => (complaints.push(words.join(' ')), say.apply(console, words));
  }
  addEventListener('error', ({ message }) => complaints.push(message));
  addEventListener('unhandledrejection', ({ reason }) => complaints.push(String(reason)));`;

/** One for each test, on a port of its own: another origin, where nobody is signed in and no token lies. */
beforeEach(async () => {
  tokens.length = 0;
  playground = await startPlayground({
    port: await findPort(),
    // Nothing is refreshed but by the trouble.
    accessTokenLifetime: 600,
    onIssued: (issued) =>
      tokens.push(
        ...Object.values(issued)
          .filter((value) => `${value}`.length > 20)
          .map(String),
      ),
    isWatching: false,
    plugins: [
      {
        name: 'prelude',
        transformIndexHtml: () => [{ tag: 'script', children: prelude, injectTo: 'head-prepend' }],
      },
    ],
  });
  return () => playground.close();
});

/** All that is to be seen, the panel's shadow included. */
const everything = `[document.documentElement, document.querySelector('evertoken-devtools').shadowRoot]
  .map((part) => part.innerHTML).join('')`;

const textOf = (tab: Tab) =>
  tab.evaluate<string>("(document.querySelector('main') ?? document.body).innerText");
/** Where it does not, the panel says what has happened instead. */
const shows = (tab: Tab, text: string) =>
  eventually(async () => {
    const found = await textOf(tab);
    if (!found.includes(text)) throw new Error(`"${text}" is not in: ${found}\n${await steps(tab)}`);
  });

const alerts = (tab: Tab) =>
  tab.evaluate<string[]>(
    "[...document.querySelectorAll('[role=alert]')].map(({ textContent }) => textContent)",
  );
/** The app has got over it. */
const calm = (tab: Tab) => eventually(async () => expect(await alerts(tab)).toEqual([]));

/** The button that bears this text. */
async function press(tab: Tab, text: string): Promise<void> {
  await eventually(() =>
    tab.evaluate(`(() => {
      const found = [...document.querySelectorAll('button')].find(({ textContent }) => textContent === '${text}');
      if (found.disabled) throw new Error('not yet');
      found.dataset.name = '${text}';
    })()`),
  );
  await click(tab, `[data-name="${text}"]`);
}

const isOn = (tab: Tab, text: string) =>
  tab.evaluate(
    `[...document.querySelectorAll('button')].find(({ textContent }) => textContent === '${text}').ariaPressed`,
  );

/** Whether the panel leaves the button that bears this text to be seen, once that was scrolled to. */
const isSeen = (tab: Tab, text: string) =>
  tab.evaluate<boolean>(`(() => {
    const found = [...document.querySelectorAll('button')].find(({ textContent }) => textContent === '${text}');
    found.scrollIntoView({ block: 'nearest' });
    const { left, bottom } = found.getBoundingClientRect();
    return document.elementFromPoint(left + 9, bottom - 9) === found;
  })()`);

/** Switches trouble on or off. */
async function flip(tab: Tab, text: string): Promise<void> {
  const before = await isOn(tab, text);
  await press(tab, text);
  await eventually(async () => expect(await isOn(tab, text)).not.toBe(before));
}

/** Through the pages of the authorization server; `login` is not asked for where it knows who it is. */
async function passLogin(tab: Tab, login?: string): Promise<void> {
  const fields = { login: login ?? '', password: 'any will do' };
  if (login) await click(tab, 'form:has([value=login]) [type=submit]', fields);
  await click(tab, 'form:has([value=consent]) [type=submit]');
}

async function open(browser: Browser): Promise<Tab> {
  const tab = await browser.open(playground.url);
  onTestFinished(() => tab.close());
  return tab;
}

async function begin(browser: Browser, login: string): Promise<Tab> {
  const tab = await open(browser);
  await shows(tab, 'Sign in to see the list');
  await press(tab, 'Sign in');
  await passLogin(tab, login);
  await shows(tab, `Adele, of ${login}`);
  return tab;
}

/** The page has complained of nothing but what is expected, and no token is in what it shows or keeps outside of its store. */
async function expectClean(tab: Tab, advice: string[] = []): Promise<void> {
  const said = await tab.evaluate<string[]>('complaints');
  expect(said).toEqual(advice.map((text) => expect.stringContaining(text)));
  const kept =
    'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, history.state, location.href])';
  const inputs = "[...document.querySelectorAll('input, textarea')].map(({ value }) => value).join()";
  const seen = await tab.evaluate<string>(`${everything} + ${kept} + ${inputs} + complaints`);
  expect(seen.length).toBeGreaterThan(2_000);
  expect(tokens.length).toBeGreaterThan(2);
  // Of a JWT its signature too, by itself.
  const secrets = tokens.flatMap((token) => [token, token.split('.').at(-1) ?? token]);
  expect(secrets.filter((secret) => seen.includes(secret))).toEqual([]);
}

/** Ids of the rules that are broken, with the elements. */
async function expectAccessible(tab: Tab): Promise<void> {
  const found = await tab.evaluate<unknown[]>(`(() => { ${axe}; })() ?? axe.run().then(({ violations }) =>
    violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)]))`);
  expect(found).toEqual([]);
}

const steps = (tab: Tab) =>
  tab.evaluate<string>(
    `document.querySelector('evertoken-devtools')?.shadowRoot.textContent ?? location.href`,
  );

test.for(['__proto__', 'constructor', ''])('trouble that there is not is not found: %j', async (act) => {
  const ask = (path: string) => fetch(new URL(path, playground.url), { method: 'POST' });
  expect((await ask(`trouble/${act}`)).status).toBe(404);
  expect(await (await ask('trouble/slow')).json()).toMatchObject({ slow: true });
});

inEveryEngine('the playground', (browser) => {
  test('an expired token is replaced and the list goes on; denied, slow and offline pass by', async () => {
    const tab = await begin(browser(), 'ann');
    await press(tab, 'Expire the token');
    await eventually(async () => expect(await steps(tab)).toMatch(/token refused[\s\S]*once more/));
    await shows(tab, 'Adele, of ann');
    expect(await alerts(tab)).toEqual([]);

    await flip(tab, 'Deny tokens');
    await press(tab, 'Load again');
    await eventually(async () => expect(await alerts(tab)).toEqual(['The API answered 401.']));
    await flip(tab, 'Deny tokens');
    await press(tab, 'Load again');
    await calm(tab);

    await flip(tab, 'Offline');
    await press(tab, 'Load again');
    await eventually(async () => expect(await alerts(tab)).toEqual(['The API cannot be reached.']));
    await expectAccessible(tab);
    await flip(tab, 'Offline');
    await press(tab, 'Load again');
    await calm(tab);

    await flip(tab, 'Slow');
    await press(tab, 'Load again');
    await shows(tab, 'loading …');
    await eventually(async () => expect(await steps(tab)).toMatch(/200 GET [^ ]*, [3-9]\d{3} ms/));
    await shows(tab, 'Adele, of ann');
    await flip(tab, 'Slow');
    // The development build has said what "Deny tokens" looks like.
    await expectClean(tab, ['refuses a token that was issued a moment ago']);
  });

  test('an authorization server that answers 503 signs nobody out, and the app says that it reconnects', async () => {
    const tab = await begin(browser(), 'bob');
    await flip(tab, '503');
    await press(tab, 'Expire the token');
    await shows(tab, 'Reconnecting: the authorization server did not answer.');
    await flip(tab, '503');
    // By hand: TanStack Query asks for nothing by itself in the tabs that WebKitGTK hides.
    await eventually(async () => {
      await press(tab, 'Load again');
      expect(await textOf(tab)).not.toContain('Reconnecting');
    });
    await shows(tab, 'Adele, of bob');
    await expectClean(tab);
  });

  test('a revoked session ends in every tab with "Session expired", and a sign-in brings all of them back', async () => {
    const tab = await begin(browser(), 'cy');
    const other = await open(browser());
    await shows(other, 'Adele, of cy');
    await press(other, 'Revoke the session');
    await shows(other, 'Session expired');
    await shows(tab, 'Session expired');
    expect(await textOf(tab)).not.toContain('Adele');
    await expectAccessible(other);
    await expectClean(other);
    await press(other, 'Sign in');
    await passLogin(other);
    await shows(other, 'Adele, of cy');
    await shows(tab, 'Hello cy');
  });

  test('another user, and a sign-out everywhere, are followed by the other tab', async () => {
    const other = await begin(browser(), 'dan');
    const tab = await open(browser());
    await press(tab, 'Another user');
    await passLogin(tab, 'eve');
    await shows(tab, 'Adele, of eve');
    await shows(other, 'Hello eve');
    expect(await textOf(other)).not.toContain('dan');
    expect(await isSeen(tab, 'Sign out everywhere')).toBe(true);
    await press(tab, 'Sign out everywhere');
    await click(tab, '[name=logout][value=yes]');
    await shows(tab, 'Sign in to see the list');
    await shows(other, 'You have signed out in another tab.');
    expect(await steps(other)).toContain('signed out, elsewhere');
    for (const one of [tab, other]) await expectClean(one);
  });

  test.for(['light', 'dark'])('axe finds nothing, signed out and signed in: %s', async (scheme) => {
    const dress = (tab: Tab) =>
      tab.evaluate(`(() => {
        document.documentElement.style.colorScheme = '${scheme}';
        document.querySelector('evertoken-devtools').setAttribute('theme', '${scheme}');
      })()`);
    const before = await open(browser());
    await shows(before, 'Sign in to see the list');
    await dress(before);
    await expectAccessible(before);
    const tab = await begin(browser(), 'fay');
    await dress(tab);
    await flip(tab, 'Deny tokens');
    await press(tab, 'Load again');
    await eventually(async () => expect(await alerts(tab)).toEqual(['The API answered 401.']));
    await expectAccessible(tab);
    await flip(tab, 'Deny tokens');
  });
});
