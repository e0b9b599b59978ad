/** Random interleavings of all that changes a session, where each answer of the servers and the store comes at any time. */
import { asTokenError, createTokenManager, type TokenStore } from 'evertoken';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createCell } from '../support/cell.ts';
import { API, unauthorized } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const PASSWORD = `${API}/password`;
const WHOLE = `${PASSWORD}/whole`;

/** What the authorization server knows of a login. */
interface Family {
  issued: number;
  /** The refresh token that it takes. */
  living: string;
  readonly spent: Set<string>;
  isDead: boolean;
}

/** Tokens bear the number of their login, and their own: `3#1`. */
function createServers(pause: () => Promise<unknown>) {
  const families: Family[] = [];
  const loginOf = (token: string) => Number(token.split('#')[0]);
  const familyOf = (token: string) => families[loginOf(token)] as Family;
  const issue = (login: number, isWhole = true) => {
    const family = families[login] as Family;
    const name = `${login}#${family.issued++}`;
    if (isWhole) family.living = name;
    return { access_token: name, ...(isWhole && { refresh_token: name }) };
  };
  return {
    loginOf,
    isDead: (login: number) => families[login]?.isDead,
    login() {
      families.push({ issued: 0, living: '', spent: new Set(), isDead: false });
      return issue(families.length - 1);
    },
    async refresh(token: string, kind: string) {
      await pause();
      const family = familyOf(token);
      expect([...family.spent], 'a spent refresh token is presented').not.toContain(token);
      family.isDead ||= kind === 'invalid_grant';
      const isTaken = !family.isDead && token === family.living;
      if (kind === 'good' && isTaken) family.spent.add(token);
      const answer = kind === 'good' && isTaken && issue(loginOf(token));
      await pause();
      if (answer) return answer;
      throw kind === 'down' ? new Error('down') : { error: 'invalid_grant' };
    },
    /** A change of password kills the tokens before it at once; its answer takes its time. */
    async api(url: string, token: string) {
      // No two are sent at the very same time: of two captures one was sent later (R43).
      vi.setSystemTime(Date.now() + 1);
      const family = familyOf(token);
      const isCapture = url.startsWith(PASSWORD) && !family.isDead;
      const tokens = isCapture && issue(loginOf(token), url === WHOLE);
      const isGood = !family.isDead && token === `${loginOf(token)}#${family.issued - 1}`;
      await pause();
      return tokens ? Response.json(tokens) : isGood ? Response.json({}) : unauthorized();
    },
  };
}

/** A manager, and a check after each step that anybody takes. */
function setUp(s: fc.Scheduler, open: (pause: () => Promise<unknown>) => TokenStore | undefined) {
  const logins = new Map<string, number>();
  const check = () => {
    const { sessionId = '', tokens } = auth;
    if (!tokens) return;
    const login = servers.loginOf(tokens.accessToken);
    expect(login, 'tokens of another session are current').toBe(logins.get(sessionId) ?? login);
    logins.set(sessionId, login);
  };
  const pause = () => s.schedule(Promise.resolve()).then(check);
  const servers = createServers(pause);
  let kind = 'good';
  const auth = createTokenManager({
    allow: API,
    store: open(pause),
    capture: [{ url: PASSWORD }],
    refresh: ({ tokens }) => servers.refresh(`${tokens?.refreshToken}`, kind),
    fetch: async (input, init) => {
      const token = new Headers(init?.headers).get('authorization')?.replace('Bearer ', '');
      return token ? servers.api(`${input}`, token) : new Response();
    },
  });
  let isSignedIn = false;
  auth.on('signed-in', () => {
    isSignedIn = true;
  });
  auth.on('signed-out', () => {
    isSignedIn = false;
  });
  const lost: unknown[] = [];
  auth.on('signed-out', ({ sessionId, reason }) => {
    if (reason === 'ended' && !servers.isDead(Number(logins.get(sessionId)))) lost.push(sessionId);
  });

  /** The login that was called last, and nothing after a sign-out. */
  let last: number | undefined;
  const signIn = async () => {
    const tokens = servers.login();
    last = servers.loginOf(tokens.access_token);
    await auth.signIn(tokens);
  };
  const signOut = async () => {
    last = undefined;
    await auth.signOut();
  };
  const request = (url: string) => async () => {
    await auth.fetch(url);
  };
  const refresh = (answer: string) => async () => {
    kind = answer;
    await auth.refresh();
  };
  const acts: Record<string, () => Promise<unknown>> = {
    ...{ signIn, signOut, get: request(`${API}/me`) },
    ...{ 'capture whole': request(WHOLE), 'capture partly': request(`${PASSWORD}/part`) },
    ...{ good: refresh('good'), down: refresh('down'), invalid_grant: refresh('invalid_grant') },
  };
  const act = async (name: string) => {
    await pause();
    await acts[name]?.().catch((error) => expect(asTokenError(error)).toBeDefined());
  };
  return {
    auth,
    /** Begins each act when the scheduler wants it to, and lets all of them come to their end. */
    async play(names: string[]) {
      await s.waitFor(signIn());
      await s.waitFor(Promise.all(names.map(act)));
      await s.waitIdle();
      const { tokens, status } = auth;
      expect(status, 'what was told last').toBe(isSignedIn ? 'signed-in' : 'signed-out');
      expect(lost, 'a session is over that the server knows').toEqual([]);
      const login = tokens && servers.loginOf(tokens.accessToken);
      const isEnded = last !== undefined && servers.isDead(last) && login === undefined;
      if (!isEnded) expect(login, 'the last call counts').toBe(last);
      if (login !== undefined && !servers.isDead(login)) {
        kind = 'good';
        await s.waitFor(auth.refresh());
      }
      await s.waitIdle();
    },
  };
}

const scenes = fc.array(
  fc.constantFrom(
    'signIn',
    'signOut',
    'get',
    'capture whole',
    'capture partly',
    'good',
    'down',
    'invalid_grant',
  ),
  { minLength: 2, maxLength: 10 },
);

test('R30, R31, R32, R35, R42, R43: in memory nothing that happens at once loses a session or mixes two up', async () => {
  const property = fc.asyncProperty(fc.scheduler(), scenes, async (s, names) => {
    const { auth, play } = setUp(s, () => undefined);
    await play(names).finally(() => auth.close());
  });
  await fc.assert(property, { numRuns: 300 });
});

test('R30, R31, R32, R35, R42, R43: nor does it over a store that answers late, which holds in the end what is held', async () => {
  const property = fc.asyncProperty(fc.scheduler(), scenes, async (s, names) => {
    const cell = createCell();
    const { auth, play } = setUp(s, (pause) => {
      cell.before = pause;
      return cell.open();
    });
    await play(names).finally(() => auth.close());
    expect(cell.kept().state?.held?.tokens.accessToken, 'what is stored').toBe(auth.tokens?.accessToken);
  });
  await fc.assert(property, { numRuns: 300 });
});
