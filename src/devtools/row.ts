/** One line of the time line: what a step means, and who sends it to whom. */
import type { Step } from '../development.ts';

/** In the order in which they stand side by side. */
export const lanes = ['other tabs', 'this page', 'authorization server', 'API'] as const;

/** The index of a lane. */
export type Lane = 0 | 1 | 2 | 3;

const [others, page, server, api] = [0, 1, 2, 3] as const;

export interface Row {
  /** Ever larger. */
  readonly id: number;
  readonly at: number;
  /** The manager's number; a sign-in has none yet. */
  readonly manager: number | undefined;
  /** Of the flow, A to H; empty for what is none of its steps. */
  readonly letter: string;
  readonly from: Lane;
  readonly to: Lane;
  readonly text: string;
  /** Of the request that it is about. */
  readonly url: string | undefined;
  readonly tone: 'plain' | 'good' | 'bad' | 'quiet';
  /** A request without our token. */
  readonly isBare?: boolean;
}

type Detail = Readonly<Record<string, unknown>>;
type Sense = Partial<Omit<Row, 'text'>> & { readonly text: string };

/** Of what may be any value. */
const say = (value: unknown): string => (value === undefined ? '' : `${value}`.slice(0, 300));

const request = ({ method, url }: Detail): string => [say(method), say(url)].filter(Boolean).join(' ');
const duration = ({ durationMs }: Detail): string =>
  durationMs === undefined ? '' : `, ${Math.round(Number(durationMs))} ms`;

/** The time of day, with milliseconds. */
export const timeOf = (at: number): string =>
  new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(11, 23);

const fromElsewhere = { from: others, to: page };

function signedIn({ cause, elsewhere }: Detail): Sense {
  if (elsewhere) return { ...fromElsewhere, text: 'signed in, elsewhere', tone: 'good' };
  if (cause === 'restored') return { text: 'session restored', tone: 'good' };
  const isCaptured = cause === 'captured';
  const text = isCaptured ? 'signed in with the tokens of an answer' : 'signed in: tokens of a login';
  return { letter: 'B', from: isCaptured ? api : server, to: page, text, tone: 'good' };
}

function refreshed({ cause, elsewhere }: Detail): Sense {
  if (elsewhere) return { ...fromElsewhere, text: `new tokens adopted from elsewhere (${say(cause)})` };
  if (cause === 'captured') return { from: api, to: page, text: 'new tokens taken from an answer' };
  return { text: `tokens replaced (${say(cause)})`, tone: 'good' };
}

const ends: Record<string, string> = {
  local: 'signed out',
  ended: 'session ended by the authorization server',
  replaced: 'session replaced by another sign-in',
};

function signedOut({ reason, elsewhere }: Detail): Sense {
  const text = ends[say(reason)] ?? 'signed out';
  const tone = reason === 'ended' ? 'bad' : 'plain';
  return elsewhere ? { ...fromElsewhere, text: `${text}, elsewhere`, tone } : { text, tone };
}

/** What each step means; `request` and what is not here is no line of its own. */
const senses: Record<string, (detail: Detail) => Sense> = {
  created: ({ store }) => ({ text: `manager created, store: ${say(store)}`, tone: 'quiet' }),
  closed: () => ({ text: 'manager closed', tone: 'quiet' }),
  status: () => ({ text: 'nobody is signed in', tone: 'quiet' }),
  login: (detail) => ({ letter: 'A', to: server, text: 'login asked for', url: say(detail['url']) }),
  code: (detail) => ({ letter: 'A', to: server, text: 'code exchanged for tokens', url: say(detail['url']) }),
  'signed-in': signedIn,
  sent: (detail) => ({
    ...{ letter: 'C', to: api },
    text: `${request(detail)}${detail['isReplay'] ? ', once more' : ''}`,
  }),
  response: (detail) => ({
    ...{ letter: 'D', from: api, to: page, tone: Number(detail['status']) < 400 ? 'plain' : 'bad' },
    text: `${say(detail['status'])} ${request(detail)}${duration(detail)}`,
  }),
  due: (detail) => ({
    letter: 'E',
    text: `${request(detail)}: the token ${detail['waits'] ? 'expires, the request waits' : 'soon expires, refreshed behind it'}`,
  }),
  refused: (detail) => ({
    ...{ letter: 'F', from: api, to: page, tone: 'bad' },
    text: `${say(detail['status'])} ${request(detail)}: token refused`,
  }),
  refresh: () => ({ letter: 'G', to: server, text: 'refresh asked for' }),
  'refresh-answered': (detail) => ({
    ...{ letter: 'H', from: server, to: page, tone: detail['ok'] ? 'good' : 'bad' },
    text: `${detail['ok'] ? 'new tokens' : `no tokens: ${say(detail['error'])}`}${duration(detail)}`,
  }),
  'token-refreshed': refreshed,
  'refresh-failed': ({ error, retryAt }) => ({
    text: `refresh failed, next try ${timeOf(Number(retryAt))}: ${say(error)}`,
    tone: 'bad',
  }),
  'signed-out': signedOut,
  failed: (detail) =>
    detail['error'] === 'AbortError'
      ? { text: `${request(detail)} cancelled by the app${duration(detail)}`, tone: 'quiet' }
      : {
          ...{ from: api, to: page, tone: 'bad' },
          text: `${request(detail)} rejected: ${say(detail['error'])}${duration(detail)}`,
        },
  'not-attached': (detail) => ({
    ...{ to: api, tone: 'quiet', isBare: true },
    text: `${request(detail)} without our token: ${say(detail['reason'])}`,
  }),
  'step-up-required': (detail) => ({
    ...{ from: api, to: page, tone: 'bad' },
    text: `${request(detail)} wants a stronger login, or more scope`,
  }),
  'store-failed': ({ operation, error }) => ({
    text: `the store failed (${say(operation)}): ${say(error)}`,
    tone: 'bad',
  }),
};

/** The line of a step; `undefined`: it has none. */
export function rowOf({ step, at, detail }: Step, id: number): Row | undefined {
  const sense = Object.hasOwn(senses, step) ? senses[step]?.(detail) : undefined;
  if (!sense) return undefined;
  const { manager, url } = detail;
  return {
    ...{ id, at, letter: '', from: page, to: page, tone: 'plain' as const },
    manager: typeof manager === 'number' ? manager : undefined,
    url: url === undefined ? undefined : say(url),
    ...sense,
  };
}
