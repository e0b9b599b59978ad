/** What all sessions of one client share: how it is asked, when Redis changed, and one subscription. */
import { after, clock } from '../platform/timers.ts';
import { places } from '../store/places.ts';
import { type Ear, heedless, type Wire } from './clients.ts';

/** So long a client that is not connected is waited for before Redis counts as unreachable (ms). */
const PATIENCE = 1_000;

/** Between two attempts to listen again (ms). */
const PAUSE = 500;

/** The same where the user of the connection may not listen, which does not change by itself (ms). */
const LONG_PAUSE = 60_000;

/** Told of what is said on its channel; without a message when something may have been missed. */
export type Listener = (message?: string) => void;

export interface Hub {
  readonly wire: Wire;
  /** The servers that led, and since when each is known here, by the clock that only goes forward. */
  readonly servers: Map<string, { readonly name: string; readonly since: number }>;
  /** The servers whose replicas do not answer, and until when they are not asked. */
  readonly silent: Map<string, number>;
  /** Lists, because a set takes 200 bytes before anything is in it. */
  readonly channels: Map<string, readonly Listener[]>;
  /** What waits for the client to be connected. */
  opening?: Promise<void> | undefined;
  /** It was waited for in vain, and is not again before it is connected. */
  isDown?: boolean;
  listening?: Listening | undefined;
  /** Listening has failed, and is tried again by a timer that is set. */
  isDeaf?: boolean;
}

/** A connection for news, from when it is wanted to when it is lost or left. */
interface Listening {
  ear?: Ear;
  isOver: boolean;
}

/** The hub of a client, whichever copy of this package asks (R57). */
export function hubOf(client: object, open: () => Wire): Hub {
  const all = places();
  const hubs = (all.get('redis') ?? new WeakMap()) as WeakMap<object, Hub>;
  all.set('redis', hubs);
  const known = hubs.get(client);
  const hub = known ?? {
    ...{ wire: open(), servers: new Map(), silent: new Map(), channels: new Map() },
  };
  hubs.set(client, hub);
  return hub;
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => void after(ms, resolve, true));

async function waitUntilReady(hub: Hub): Promise<void> {
  const { wire } = hub;
  const until = clock() + PATIENCE;
  while (!wire.isReady()) {
    const fault = wire.fault();
    if (fault) throw new Error(fault);
    hub.isDown ||= clock() > until;
    if (hub.isDown) throw new Error('Redis cannot be reached: its client is not connected just now');
    await pause(20);
  }
}

/** Waits until what is asked is sent: what stands in the queue of a client may be done when nobody wants it any more. */
export async function ready(hub: Hub): Promise<void> {
  const fault = hub.wire.fault();
  if (fault) throw new Error(fault);
  if (hub.wire.isReady()) {
    hub.isDown = false;
    return;
  }
  // All sessions wait together.
  hub.opening ??= waitUntilReady(hub).finally(() => {
    hub.opening = undefined;
  });
  await hub.opening;
}

/** How long a server has led, as far as is known here (ms). */
export function knownFor({ servers }: Hub, server: string): number {
  return clock() - (servers.get(server)?.since ?? clock());
}

/** A server leads. Returns the text of its name that all its sessions keep: each answer brings another. */
export function meet({ servers }: Hub, name: string): string {
  const server = servers.get(name) ?? { name, since: clock() };
  servers.set(name, server);
  return server.name;
}

function tell(listeners: Iterable<Listener>, message?: string): void {
  for (const listener of listeners) listener(message);
}

const hear = (hub: Hub) => (channel: string, message: string) =>
  tell(hub.channels.get(channel) ?? [], message);

function leave(hub: Hub, one: Listening): void {
  one.isOver = true;
  if (hub.listening === one) hub.listening = undefined;
  one.ear?.close();
}

/** Opens the connection for news, tells everybody that they may have missed some, and begins again when it is lost. */
async function listen(hub: Hub): Promise<void> {
  const { channels, wire } = hub;
  if (hub.listening || !channels.size || hub.isDeaf) return;
  const one: Listening = { isOver: false };
  hub.listening = one;
  const lost = (wait = PAUSE) => {
    if (one.isOver) return;
    leave(hub, one);
    // Whoever comes meanwhile waits for the same attempt: each with a timer of its own they would never end.
    hub.isDeaf = true;
    after(wait, () => {
      hub.isDeaf = false;
      return listen(hub);
    });
  };
  try {
    await ready(hub);
    const ear = await wire.listen(hear(hub), () => lost());
    if (one.isOver) return ear.close();
    one.ear = ear;
    const all = [...channels.keys()];
    await ear.subscribe(all);
    for (const channel of all) tell(channels.get(channel) ?? []);
  } catch (error) {
    lost(/^NOPERM\b/.test(`${(error as Error | undefined)?.message}`) ? LONG_PAUSE : PAUSE);
  }
}

async function join({ listening }: Hub, channel: string, listener: Listener): Promise<void> {
  await listening?.ear?.subscribe([channel]);
  listener();
}

/** Nobody listens to it any more. */
function forget(hub: Hub, channel: string): void {
  const { listening, channels } = hub;
  if (listening && !channels.size) leave(hub, listening);
  else heedless(listening?.ear?.unsubscribe(channel));
}

/** Listens to a channel. Returns its undo. */
export function watch(hub: Hub, channel: string, listener: Listener): () => void {
  const { channels } = hub;
  channels.set(channel, (channels.get(channel) ?? []).concat(listener));
  // When that fails the connection is lost, and all are told when there is another one.
  if (hub.listening?.ear) heedless(join(hub, channel, listener));
  else heedless(listen(hub));
  return () => {
    const others = channels.get(channel)?.filter((one) => one !== listener);
    if (others?.length) channels.set(channel, others);
    // The undo may be called twice.
    else if (channels.delete(channel)) forget(hub, channel);
  };
}
