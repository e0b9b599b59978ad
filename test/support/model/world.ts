/** Everything that the contexts of one scenario share, wired together. */
import { refreshEndpoint, type StorePort, type TokenStore, tokenStore, webStore } from 'evertoken';
import { createCell } from './cell.ts';
import { createChannels } from './channels.ts';
import { type Context, openContext } from './contexts.ts';
import { createDatabases } from './databases.ts';
import { createFaults } from './faults.ts';
import { createLocks } from './locks.ts';
import { type Actor, createLoop, START } from './loop.ts';
import { API, AS, type Call, createNetwork } from './network.ts';
import { createNews } from './news.ts';
import { orderOf, type Scenario } from './scenario.ts';
import { createServer, type Delivery } from './server.ts';
import { createStories } from './stories.ts';

/** What the store and the platform offer. */
export interface Variant {
  /** The store of the package for pages; else one of the model's own. */
  readonly isWeb?: boolean;
  readonly hasLocks: boolean;
  readonly hasNews: boolean;
  readonly forgets?: boolean;
  /** The store has a clock of its own, and so has each context. */
  readonly hasAge?: boolean;
  /** It compares nothing. */
  readonly isBlind?: boolean;
  /** While a context is frozen one of its clocks may stand still. */
  readonly sleeps?: boolean;
  /** How long half a call of the store takes (ms). */
  readonly slowness?: number;
}

export type World = ReturnType<typeof createWorld>;

/** More contexts than that no scenario has. */
const MOST = 8;

/** A lease is over after 32 s (ms); its token may have been sent, for the last time, 16 s after it was taken. */
const ABANDONED = 32_000 - 16_000;

/** By how much the clocks of several machines are wrong (ms). */
const skews = [0, -400_000, 7_200_000, -3_000, 90_000];

let worlds = 0;

export function createWorld(scenario: Scenario, variant: Variant) {
  const violations: string[] = [];
  const blame = (violation: string) => void violations.push(violation);
  const contexts: Context[] = [];
  const stories = createStories();
  /** Which session of the server a session of the package is. */
  const families = new Map<unknown, number>();
  const calls: Call[] = [];
  const log: string[] = [];
  /** What the app waits for. */
  const waits = new Set<{ context: Context; name: string }>();
  const note = (text: string) => void log.push(`${loop.now - START}: ${text}`);
  const named = (name: string) => contexts.find((context) => context.name === name) as Context;
  const shop = `shop ${++worlds}`;
  let ids = 0;
  let hasClockMoved = false;

  const loop = createLoop(orderOf(scenario.order), scenario.delays);
  const faults = createFaults(loop, variant.slowness ?? 0);
  const wasFrozenSince = ({ isFrozen, thawedAt }: Context, since: number) => isFrozen || thawedAt >= since;

  /** What nobody can mend. */
  function isAbandoned({ by, sentAt, fate }: Delivery, second: string): boolean {
    const first = named(by);
    const isTroubled = faults.isTroubled(first, sentAt);
    // The lease was over, or went with its store; a closed context tries no more.
    const isOver = loop.now - sentAt >= ABANDONED && (isTroubled || wasFrozenSince(first, sentAt));
    const isLost = fate === 'pending' && isTroubled && first.isClosed;
    return isOver || isLost || cell.vanishedAt >= sentAt - ABANDONED || named(second).isGone;
  }

  const server = createServer({
    now: () => loop.now,
    blame,
    // The app asks for it; or tokens aged while a context that was about to ask for them was frozen.
    mayRefresh: (by) =>
      named(by).manualUntil > loop.now || hasClockMoved || contexts.some(({ wasFrozen }) => wasFrozen),
    isAbandoned,
  });
  const network = createNetwork({ loop, server, calls, note, blame });
  const news = createNews(loop);
  const onWrite = (text: string, { name }: Actor) => {
    stories.store(text);
    network.store(text);
    const { state, count, lease } = JSON.parse(text);
    const { id, rotation, end } = state;
    note(
      `${name} writes ${id} ${rotation} ${count} ${lease ? `leased to ${lease.by}` : ''} ${end?.reason ?? ''}`,
    );
  };
  const cell = createCell({
    ...{ loop, faults, news, onWrite },
    hasAge: variant.hasAge === true,
    isBlind: variant.isBlind === true,
  });
  const locks = createLocks(loop);
  const databases = createDatabases({ loop, faults, onWrite });
  const channels = createChannels(news, (data) => {
    if (typeof data !== 'number') blame('a message says more than a number');
  });

  function storeOf(actor: Actor): TokenStore {
    if (variant.isWeb) return webStore(shop);
    const { watch, ...port } = cell.portOf(actor);
    return tokenStore({
      ...port,
      ...(variant.hasNews && { watch }),
      ...(variant.hasLocks && { lock: locks.of(actor) }),
      ...(variant.forgets && { forgets: true }),
    } satisfies StorePort);
  }

  /** What an event says about the session it names. */
  function told(context: Context, event: string, payload: Record<string, unknown>) {
    const { auth, name } = context;
    const { sessionId, reason, cause, error, elsewhere } = payload;
    note(
      `${name} tells ${event} ${sessionId ?? ''} ${reason ?? cause ?? error}${elsewhere ? ' elsewhere' : ''}`,
    );
    const family = server.familyOf(auth.tokens?.accessToken);
    if (event !== 'signed-out' && sessionId && sessionId === auth.sessionId && family) {
      if ((families.get(sessionId) ?? family.id) !== family.id) blame(`${name} mixes two sessions`);
      families.set(sessionId, family.id);
    }
    const lost = stories.of(server.families.find(({ id }) => id === families.get(sessionId)));
    if (event === 'signed-out' && lost && stories.mustLive(lost)) {
      blame(`${name} lost session ${lost.family.id} (${reason})`);
    }
  }

  const open = () => {
    if (contexts.length === MOST) return;
    const name = `context ${contexts.length}`;
    const skew = variant.hasAge
      ? (skews[contexts.length % skews.length] as number)
      : (contexts[0]?.skew ?? 0);
    const context = openContext(
      {
        loop,
        blame,
        told,
        surround: (actor) => ({
          indexedDB: databases.of(actor),
          openChannel: (channel) => channels.open(actor, channel),
          lock: locks.of(actor),
          createId: () => `id-${++ids}`,
        }),
        options: (actor) => ({
          store: storeOf(actor),
          allow: API,
          capture: [{ url: `${API}/password` }],
          fetch: network.fetchOf(actor),
          refresh: refreshEndpoint({ url: `${AS}/token`, clientId: 'spa' }),
          revoke: ({ tokens, signal, fetch }) =>
            fetch(`${AS}/revoke`, { method: 'POST', body: tokens?.refreshToken ?? '', signal }),
        }),
      },
      name,
      skew,
    );
    contexts.push(context);
  };

  return {
    ...{ loop, server, network, locks, databases, channels, cell, news, faults, variant },
    ...{ stories, contexts, calls, waits, violations, log, blame, note, open },
    /** Of one context, where each has its own; else of all. */
    setClock(context: Context, skew: number) {
      hasClockMoved = true;
      for (const one of variant.hasAge ? [context] : contexts) one.skew = skew;
    },
    /** Those that are there. */
    living: () => contexts.filter(({ isClosed, isGone }) => !isClosed && !isGone),
  };
}
