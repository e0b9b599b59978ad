/** The one manager of a page or worker, and all that the tests ask of it. */
import { cookieStore, createTokenManager, refreshEndpoint, type TokenResponse, webStore } from 'evertoken';
import { dpop } from 'evertoken/dpop';
import { takeCounts } from './counts.ts';
import { answerParent } from './framed.ts';
import { createHandMade } from './hand-made.ts';
import { readKeys } from './keys.ts';
import { setup } from './setup.ts';
import { joinStage } from './stage.ts';
import { createTraffic } from './traffic.ts';

/** What the manager told, without the error itself. */
export interface Told {
  readonly event: string;
  readonly cause?: string;
  readonly reason?: string;
  readonly sessionId?: string;
  readonly elsewhere?: boolean;
}

/** Answers of the API may be long on the way, and a page may lose the network. */
let arrival: PromiseWithResolvers<void> | undefined;
let isCut = false;
const line = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
  if (isCut) throw new TypeError('The network is gone');
  const response = await fetch(input, setup.isShortLived ? { ...init, keepalive: false } : init);
  if (response.url.startsWith(setup.api)) await arrival?.promise;
  return response;
};

/** JSON across origins, so the browser asks the backend first. */
const cookieCall = (signal: AbortSignal | null = null): RequestInit => ({
  method: 'POST',
  credentials: 'include',
  headers: { 'content-type': 'application/json' },
  body: '{}',
  signal,
});

const { cookie, tokenEndpoint: url, clientId, name = 'shop', area = 'local' } = setup;
const shared = () => (area === 'none' ? undefined : webStore(name, { area }));
const proofs = setup.dpop ? dpop(name) : undefined;
const refresh = refreshEndpoint(cookie ? { url, format: 'cookie' } : { url, clientId });
const auth = createTokenManager({
  refresh: proofs?.refresh(refresh) ?? refresh,
  attach: proofs,
  allow: setup.api,
  store: cookie ? cookieStore(name) : shared(),
  revoke: cookie && (({ fetch, signal }) => fetch(cookie.signOut, cookieCall(signal))),
  refreshTimeout: setup.refreshTimeout,
  fetch: line,
});

proofs?.follow(auth);

/** What is told of tokens. */
const told: Told[] = [];
auth.on('*', (event, payload) => {
  if (event === 'not-attached') return;
  const { cause, reason, sessionId, elsewhere } = payload as Partial<Told>;
  told.push(JSON.parse(JSON.stringify({ event, cause, reason, sessionId, elsewhere })));
});

let isRestored = false;
if ('onpageshow' in globalThis) {
  addEventListener('pageshow', ({ persisted }) => {
    isRestored ||= persisted;
  });
}

const traffic = createTraffic((path) => auth.fetch(setup.api + path, { cache: 'no-store' }));
const handMade = createHandMade(setup);

export const actor = {
  ...traffic,
  told: () => told,
  /** Drops what was told so far. */
  forget: () => void told.splice(0),
  token: () => auth.tokens?.accessToken ?? null,
  status: () => auth.status,
  takeCounts,
  signIn: (tokens: TokenResponse) => auth.signIn(tokens),
  /** Exchanges a code with a proof; answers what the server says. */
  async exchange(form: string): Promise<TokenResponse> {
    const body = new URLSearchParams(form);
    const response = await (proofs?.wrap(fetch) ?? fetch)(setup.tokenEndpoint, { method: 'POST', body });
    return response.json();
  },
  keys: () => readKeys(name),
  signOut: () => auth.signOut(),
  /** At the backend, which sets a cookie. */
  async login(): Promise<void> {
    const response = await fetch(`${cookie?.login}`, cookieCall());
    await auth.signIn((await response.json()) as TokenResponse);
  },
  /** Signs out, and leaves the page or is ready to be closed in the same breath. */
  signOutAndLeave(page?: string): void {
    auth.signOut().catch(() => {});
    if (page) location.assign(page);
  },
  refresh: () => auth.refresh().then(() => {}),
  ready: () => auth.ready,
  /** A burst, and the token that is held after it. */
  async round(count: number) {
    const outcomes = await traffic.burst(count);
    return { outcomes, token: actor.token() };
  },
  handMadeSignIn: handMade.signIn,
  handMadeGet: handMade.get,
  /** Whether it came out of the back/forward cache. */
  isRestored: () => isRestored,
  /** Answers of the API arrive from now on when they may. */
  holdAnswers(): void {
    arrival = Promise.withResolvers();
  },
  releaseAnswers(): void {
    arrival?.resolve();
    arrival = undefined;
  },
  /** For engines that cannot take the network away. */
  cut(isOffline: boolean): void {
    isCut = isOffline;
    dispatchEvent(new Event(isOffline ? 'offline' : 'online'));
  },
  /** Opens the same page in a tab that keeps a copy of `sessionStorage`; answers whether the browser let it. */
  async duplicate(): Promise<boolean> {
    const joined = stage?.nextJoiner();
    if (!open(location.href)) return false;
    await joined;
    return true;
  },
  sessionItems: (): Record<string, string> => ({ ...sessionStorage }),
  async startWorker(kind: 'dedicated' | 'shared' | 'service'): Promise<void> {
    const joined = stage?.nextJoiner();
    const script = `/main.js${location.search}`;
    if (kind === 'dedicated') new Worker(script);
    else if (kind === 'shared') new SharedWorker(script);
    else {
      await navigator.serviceWorker.register(script);
      // Before, a page that is loaded may go without it.
      await navigator.serviceWorker.ready;
    }
    await joined;
  },
  /** What a request that knows no token comes to when the service worker of its page hands it on. */
  async handOn(method: string): Promise<number> {
    const body = method === 'POST' ? 'text' : null;
    return (await fetch(`${setup.api}/${handedOn}`, { method, body })).status;
  },
};

const handedOn = '?handed-on';
if ('clients' in globalThis) {
  addEventListener('fetch', (event) => {
    const { request, respondWith } = event as Event & {
      request: Request;
      respondWith(answer: unknown): void;
    };
    if (request.url.endsWith(handedOn)) respondWith.call(event, auth.fetch(request));
  });
}

export type Actor = typeof actor;

const play = (name: string, args: unknown[]): unknown =>
  (actor[name as keyof Actor] as (...args: unknown[]) => unknown)(...args);

answerParent(play);
const stage = setup.isAlone ? undefined : joinStage(play);

Object.assign(globalThis, { actor, everywhere: stage?.everywhere });
