/** The way to the servers and back, with everything that can go wrong on it. */
import type { Actor, Loop } from './loop.ts';
import { type Delivery, LIFETIME, type Server } from './server.ts';

export const AS = 'https://as.example.com';
export const API = 'https://api.example.com';

/** What happens to a request at the token endpoint; a number: the answer takes that long (ms). */
export const mishaps = [
  'offline', // never arrives
  'lost', // the answer never arrives
  'unavailable', // 503
  'busy', // 429
  'gateway', // a proxy's HTML, and the server has not seen it
  'late gateway', // the same, and the server has answered
  'silence', // the server has not seen it, and nobody ever answers
  'late silence', // the server has answered
  'malformed', // the answer has no tokens
] as const;
export type Mishap = (typeof mishaps)[number] | number;

/** A request of the app. */
export interface Call {
  /** The server's number of the session that was there when it was made. */
  begun?: number | undefined;
}

/** As long as a refresh may be on the wire (ms). */
const ON_THE_WIRE = 14_000;

export interface NetworkParts {
  readonly loop: Loop;
  readonly server: Server;
  /** The app's requests, by number. */
  readonly calls: Call[];
  note(text: string): void;
  blame(violation: string): void;
}

const html = (status: number) =>
  new Response('<html>', { status, headers: { 'content-type': 'text/html', 'retry-after': '3' } });

export function createNetwork({ loop, server, calls, note, blame }: NetworkParts) {
  /** What happens to the next requests at the token endpoint. */
  let plan: Mishap[] = [];
  /** What is on its way with tokens, or has arrived and is not stored. */
  const deliveries = new Set<Delivery>();
  /** How long the next answers to a change of credentials take (ms). */
  let slowness = 0;

  function refresh(form: string, delivery: Delivery): [answer: Response | 'lost' | 'never', ms?: number] {
    const mishap = plan.shift() ?? 0;
    if (mishap === 'offline') return ['lost'];
    if (mishap === 'silence') return ['never'];
    if (mishap === 'unavailable') return [html(503)];
    if (mishap === 'gateway') return [html(502)];
    if (mishap === 'busy') return [html(429)];
    const answer = server.refresh(`${new URLSearchParams(form).get('refresh_token')}`, delivery);
    if (typeof mishap === 'number') return [answer, mishap];
    delivery.fate = 'lost';
    if (mishap === 'malformed') return [Response.json({ expires_in: LIFETIME })];
    if (mishap === 'late gateway') return [html(502)];
    return mishap === 'lost' ? ['lost'] : ['never'];
  }

  /** The API's answer; a request of one session never bears the token of another (R32). */
  function ask(request: Request, delivery: Delivery): [answer: Response, ms?: number] {
    const [, token = ''] = request.headers.get('authorization')?.split(' ') ?? [];
    const call = calls[Number(request.headers.get('x-call'))];
    const family = server.familyOf(token)?.id;
    if (call) {
      call.begun ??= family;
      if (call.begun !== family) {
        blame(`a request begun in session ${call.begun} by ${delivery.by} arrived with that of ${family}`);
      }
    }
    if (!server.accepts(token)) return [new Response('refused', { status: 401 })];
    const [, kind] = /\/password\/(\w+)/.exec(request.url) ?? [];
    return kind ? [server.change(token, kind === 'partial', delivery), slowness] : [Response.json({})];
  }

  function handle(
    request: Request,
    body: string,
    delivery: Delivery,
  ): [Response | 'lost' | 'never', number?] {
    if (request.url.startsWith(API)) return ask(request, delivery);
    return request.url === `${AS}/revoke` ? [server.revoke(body)] : refresh(body, delivery);
  }

  /** The `fetch` of one context. */
  const fetchOf = (actor: Actor) => async (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init);
    request.signal.throwIfAborted();
    const body = await request.text();
    return new Promise<Response>((resolve, reject) => {
      const delivery: Delivery = { by: actor.name, sentAt: loop.now, fate: 'pending' };
      deliveries.add(delivery);
      let isOver = false;
      let hasArrived = false;
      const end = (outcome: () => void) => {
        if (isOver) return;
        isOver = true;
        outcome();
      };
      request.signal.addEventListener('abort', () => {
        // What waits to be read is not lost.
        if (!hasArrived) delivery.fate = 'lost';
        if (delivery.brings && loop.now - delivery.sentAt < ON_THE_WIRE && request.url === `${AS}/token`)
          blame(`${actor.name} presented a token so late that its answer was aborted`);
        end(() => reject(request.signal.reason));
      });
      loop.after(loop.delay(), undefined, `${actor.name} asks ${request.url}`, () => {
        if (isOver) return;
        const [answer, ms = 0] = handle(request, body, delivery);
        const sent = /(secret-[\d-]+)/.exec(body + request.headers.get('authorization'))?.[1];
        const got = answer instanceof Response ? answer.status : answer;
        note(`${actor.name} ${request.url} ${sent} -> ${got} ${delivery.brings ?? ''} in ${ms} ms`);
        if (answer === 'never') return;
        const settle = () => (answer === 'lost' ? reject(new TypeError('lost')) : resolve(answer));
        loop.after(ms + loop.delay(), undefined, `answer of ${request.url}`, () => {
          hasArrived = true;
          loop.after(0, actor, 'answer', () => end(settle));
        });
      });
    });
  };

  return {
    fetchOf,
    /** What happens to the next requests at the token endpoint. */
    expect: (...mishaps: Mishap[]) => void plan.push(...mishaps),
    heal() {
      plan = [];
      slowness = 0;
    },
    slow(ms: number) {
      slowness = ms;
    },
    /** Tokens that are written will reach everybody. */
    store(text: string) {
      for (const delivery of deliveries) {
        if (delivery.fate !== 'pending' || !delivery.brings || !text.includes(delivery.brings)) continue;
        delivery.fate = 'done';
      }
    },
    /** What this context had not stored is lost. */
    lose({ name }: Actor) {
      for (const delivery of deliveries) {
        if (delivery.by === name && delivery.fate === 'pending') delivery.fate = 'lost';
      }
    },
  };
}
