/** Contexts of one app: managers over one cell, before a strict authorization server that rotates, and its API. */
import {
  asTokenError,
  createTokenManager,
  type Refresh,
  type TokenManager,
  type TokenManagerOptions,
} from 'evertoken';
import { onTestFinished, vi } from 'vitest';
import { type Cell, createCell, type View } from './ports.ts';
import { record, type Told } from './recorder.ts';

export const API = 'https://api.example.com';
export const ME = `${API}/me`;
export const AS = 'https://as.example.com';

interface Family {
  readonly user: string;
  isOver: boolean;
  /** The one refresh token that is alive. */
  refreshToken: string;
  readonly accessTokens: Set<string>;
}

const wait = (ms: number) => (ms ? new Promise<void>((resolve) => void setTimeout(resolve, ms)) : undefined);

/**
 * A refresh token serves once; one that comes a second time ends its whole family. A revocation of one that is spent
 * says nothing to it.
 */
export function createServer({ ms = 0, lifetime = 3_600 }: { ms?: number; lifetime?: number } = {}) {
  const families = new Map<string, Family>();
  const isLiving = (token: string) =>
    families.get(token)?.isOver === false && families.get(token)?.refreshToken === token;
  let count = 0;

  function issue(family: Family) {
    const number = ++count;
    family.refreshToken = `refresh-${family.user}-${number}`;
    families.set(family.refreshToken, family);
    const access_token = `access-${family.user}-${number}`;
    family.accessTokens.add(access_token);
    return { access_token, refresh_token: family.refreshToken, expires_in: lifetime };
  }

  function end(family: Family): void {
    family.isOver = true;
    family.accessTokens.clear();
  }

  function refresh(token: string): Response {
    const family = families.get(token);
    server.presented.push(token);
    if (server.isDown) return new Response('down', { status: 503 });
    if (family && isLiving(token)) return Response.json(issue(family));
    if (family && !family.isOver) {
      server.reused.push(token);
      end(family);
    }
    return Response.json({ error: 'invalid_grant' }, { status: 400 });
  }

  function revoke(token: string): Response {
    const family = families.get(token);
    server.revoked.push(token);
    if (family && isLiving(token)) end(family);
    return new Response();
  }

  const server = {
    /** How long a refresh takes: half of it until the token is spent, half of it until the answer is there. */
    ms,
    isDown: false,
    /** Refresh tokens, in order. */
    presented: [] as string[],
    reused: [] as string[],
    revoked: [] as string[],
    /** Access tokens that the API has judged, in order. */
    api: [] as (string | undefined)[],
    /** Refresh tokens with which somebody could go on. */
    get living(): string[] {
      return [...families.keys()].filter(isLiving);
    },
    login: (user = 'ann') => issue({ user, isOver: false, refreshToken: '', accessTokens: new Set() }),
    /** The API refuses from now on what was issued before. */
    deny(): void {
      for (const { accessTokens } of families.values()) accessTokens.clear();
    },
    fetch: (async (input, init) => {
      const request = new Request(input, init);
      if (request.url.startsWith(AS)) {
        const token = await request.text();
        if (request.url.endsWith('/revoke')) return revoke(token);
        await wait(server.ms / 2);
        const answer = refresh(token);
        await wait(server.ms / 2);
        return answer;
      }
      const token = request.headers.get('authorization')?.slice('Bearer '.length);
      server.api.push(token);
      const isGood = [...families.values()].some(({ accessTokens }) => accessTokens.has(`${token}`));
      return new Response(isGood ? 'ok' : 'refused', { status: isGood ? 200 : 401 });
    }) as typeof fetch,
  };
  return server;
}

export type Server = ReturnType<typeof createServer>;

/** Presents the refresh token by the `fetch` that it is given. */
export const refresh: Refresh = async ({ tokens, fetch }) => {
  const response = await fetch(`${AS}/token`, { method: 'POST', body: tokens?.refreshToken ?? '' });
  if (response.status >= 500) throw new Error('the authorization server is down');
  const body = await response.json();
  if (!response.ok) throw Object.assign(new Error('refused'), body);
  return body;
};

export const revoke: NonNullable<TokenManagerOptions['revoke']> = ({ tokens, fetch }) =>
  fetch(`${AS}/revoke`, { method: 'POST', body: tokens?.refreshToken ?? '' });

export interface Tab {
  readonly auth: TokenManager;
  readonly view: View;
  /** Everything since the tab was opened, or since it was cleared. */
  readonly told: Told[];
  readonly token: string | undefined;
  /** The status of a request, or the code of the error it rejects with. */
  send(): Promise<unknown>;
}

/** How a call ended: its value, the code of its TokenError, or the name of another error. */
export const outcomeOf = (call: Promise<unknown>): Promise<unknown> =>
  call.catch((error: unknown) => asTokenError(error)?.code ?? (error as Error).name);

export function openTab(cell: Cell, server: Server, options: Partial<TokenManagerOptions> = {}): Tab {
  const view = cell.open();
  const auth = createTokenManager({
    allow: API,
    refresh,
    fetch: server.fetch,
    store: view.store,
    ...options,
  });
  onTestFinished(() => auth.close());
  return {
    ...{ auth, view, told: record(auth) },
    get token() {
      return auth.tokens?.accessToken;
    },
    send: () => outcomeOf(auth.fetch(ME).then(({ status }) => status)),
  };
}

/** Time passes, and whatever can happen in it does. */
export const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

/** What a call comes to while time passes. */
export async function during<T>(call: Promise<T>, ms: number): Promise<T> {
  call.catch(() => {});
  await pass(ms);
  return call;
}

/** Tabs that share a session, which the first has begun; nothing was told yet. */
export async function openTabs(
  count: number,
  {
    cell = createCell(),
    server = createServer(),
    ...options
  }: Partial<TokenManagerOptions> & {
    cell?: Cell;
    server?: Server;
  } = {},
) {
  const open = () => openTab(cell, server, options);
  const first = open();
  await during(first.auth.signIn(server.login()), 4 * first.view.ms);
  const tabs = [first, ...Array.from({ length: count - 1 }, open)] as [Tab, Tab, Tab, ...Tab[]];
  await during(Promise.all(tabs.map(({ auth }) => auth.ready)), 4 * first.view.ms);
  for (const { told, view } of tabs) {
    told.length = 0;
    view.calls.length = 0;
  }
  return { cell, server, tabs, open };
}
