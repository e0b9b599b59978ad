/** The fetch that carries the token, over a session of its own and a server that the test answers for. */
import { vi } from 'vitest';
import { placesOf } from '../../src/request/allow.ts';
import { type AuthFetchParts, authFetch as sendAs } from '../../src/request/auth-fetch.ts';
import { CoolDown } from '../../src/request/cool-down.ts';
import type { Refresher } from '../../src/session/refresher.ts';
import { createCore, held } from './core.ts';

export const url = 'https://api.example.com/me?q=1#top';
export const statusAnswer = (status: number) => new Response(null, { status });

interface Server {
  good: string;
  answer?: (header: string | null) => Response | Promise<Response>;
}

/** Signed in with `t0`; each refresh brings the next token; `answer` is the server, which takes `good`. */
export function setUp(parts: Partial<AuthFetchParts> = {}) {
  const sent: [header: string | null, init: RequestInit | undefined][] = [];
  const causes: string[] = [];
  const reasons: string[] = [];
  const server: Server = { good: 't0' };
  const core = createCore('t0');
  const { sessions, told } = core;
  const refresher: Refresher = {
    renew: vi.fn(async (session, cause) => {
      causes.push(cause);
      session.issued = `t${causes.length}`;
      core.replace(held(session.issued));
    }),
    obtain: vi.fn(async (session) => session.state.held),
  };
  const send = async (input: RequestInfo | URL, init?: RequestInit) => {
    const header = new Headers(init?.headers ?? (input as Request).headers).get('x-token');
    sent.push([header, init]);
    return server.answer?.(header) ?? statusAnswer(header === server.good ? 200 : 401);
  };
  const sharing = Object.assign(core.sharing, { isOpening: (): boolean => false });
  const all: AuthFetchParts = {
    places: placesOf('https://api.example.com', 'options.allow'),
    attach: { tokenTypes: [], headers: ({ tokens }) => ({ 'x-token': tokens.accessToken }) },
    ...{ replace: parts.attach?.replace, onResponse: parts.attach?.onResponse },
    ...{ sessions, sharing, captures: undefined, fetch: send, isRejected: undefined },
    coolDown: new CoolDown(),
    mark: {},
    renew: (session, cause) => refresher.renew(session, cause),
    obtain: (session) => refresher.obtain(session),
    settled: async () => sessions.current,
    add: (...entry) => told.push(entry),
    notAttached: ({ place }, reason) => reasons.push(`${reason} ${place}`),
    report(thrown) {
      throw thrown;
    },
    summarize: (text) => new Error(`${text}`),
    flush() {},
    ...parts,
  };
  const authFetch: typeof fetch = (input, init) => sendAs(all, input, init);
  const headers = () => sent.map(([header]) => header);
  return { ...core, authFetch, sent, headers, causes, reasons, server, refresher, sharing };
}
