/** Everything that the contexts of one scenario share, wired together. */
import { createChannels } from './channels.ts';
import { type Context, openContext, type Package } from './contexts.ts';
import { MOST } from './copies.ts';
import { createDatabases } from './databases.ts';
import { createLocks } from './locks.ts';
import { createLoop, START } from './loop.ts';
import { API, AS, type Call, createNetwork } from './network.ts';
import { createRecord, type RecordKind } from './record.ts';
import { orderOf, type Scenario } from './scenario.ts';
import { createServer, type Delivery } from './server.ts';
import { createStories } from './stories.ts';

/** What the platform offers. */
export interface Variant {
  readonly storage: RecordKind;
  readonly hasLocks: boolean;
  readonly hasLedger: boolean;
  /** A copy of the package for one context. */
  copy(index: number): Package;
}

export type World = ReturnType<typeof createWorld>;

/** A claim is void after 32 s (ms); its token may have been sent, for the last time, 15 s after it. */
const ABANDONED = 32_000 - 15_000;

let worlds = 0;

export function createWorld(scenario: Scenario, variant: Variant) {
  // What a copy of the package still has to do for another world is not of this one.
  const shop = `shop ${++worlds}`;
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
  const named = (name: string) => contexts.find((context) => context.name === name);

  const loop = createLoop(orderOf(scenario.order), scenario.delays);
  const server = createServer({
    now: () => loop.now,
    blame,
    // The app asks for it; or tokens aged while a context that was about to ask for them was frozen.
    mayRefresh: (by) =>
      Number(named(by)?.manualUntil) > loop.now || contexts.some(({ wasFrozen }) => wasFrozen),
    // Without a lock nobody can know that a frozen context will come back.
    isAbandoned: ({ by, sentAt }: Delivery) =>
      !variant.hasLocks && !!named(by)?.wasFrozen && loop.now - sentAt >= ABANDONED,
  });
  const network = createNetwork({ loop, server, calls, note, blame });
  const locks = createLocks(loop);
  const databases = createDatabases(loop);
  const channels = createChannels(loop, (data) => {
    if (typeof data !== 'number') blame('a message says more than a number');
  });
  let lag = 1;
  const record = createRecord({
    loop,
    kind: variant.storage,
    lag: () => Math.min(loop.delay(), 1) * lag,
    onFailure: stories.spoil,
    onWrite: (text) => text && network.store(text),
  });

  /** What an event says about the session it names. */
  function told(context: Context, event: string, payload: Record<string, unknown>) {
    const { auth, name } = context;
    const { sessionId, reason, cause, error } = payload;
    note(`${name} tells ${event} ${reason ?? cause ?? error}`);
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
    const context = openContext(
      {
        loop,
        blame,
        told,
        surround: (actor) => ({
          indexedDB: databases.of(actor),
          openChannel: (channel) => channels.open(actor, channel),
        }),
        view: (actor) => record.open(actor),
        options: (actor, own) => ({
          name: shop,
          allow: API,
          capture: [{ url: `${API}/password` }],
          fetch: network.fetchOf(actor),
          ...(variant.hasLocks && { lock: locks.of(actor) }),
          refresh: own.refreshEndpoint({ url: `${AS}/token`, clientId: 'spa' }),
          revoke: ({ tokens, signal, fetch }) =>
            fetch(`${AS}/revoke`, { method: 'POST', body: tokens?.refreshToken ?? '', signal }),
        }),
      },
      name,
      variant.copy(contexts.length),
    );
    contexts.push(context);
  };

  return {
    ...{ loop, server, network, locks, databases, channels },
    ...{ stories, contexts, calls, waits, violations, log, blame, note, open },
    setLag(ms: number) {
      lag = ms;
    },
    /** Those that are there. */
    living: () => contexts.filter(({ isClosed, isGone }) => !isClosed && !isGone),
  };
}
