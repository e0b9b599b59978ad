/** The entry of one session in Redis, as one manager reads and replaces it. */
import { clock } from '../platform/timers.ts';
import type { StoreEntry, StorePort } from '../types.ts';
import { type Hub, knownFor, meet, pause, ready, watch } from './hub.ts';
import { CONFIRMED, HOLD, READ, REPLACE, textsOf } from './script.ts';

/** So long a replica is waited for (ms). Meanwhile nothing else passes on the connection. */
const REPLICATION = 500;

/** So long what the replicas say by themselves, once a second, is looked at (ms). */
const CONFIRMATION = 2_500;

/** So long replicas that did not answer are not asked again (ms). */
const SILENCE = 1_000;

/** Ten years: Redis refuses a time beyond its calendar. */
const LONGEST = 315_360_000_000;

/** What the errors of Redis mean here; its own words stand in the cause. */
const hints: [RegExp, string][] = [
  [
    /^(?:MOVED|ASK|CROSSSLOT)\b/,
    'it is a Cluster: hand over a client for one (`createCluster`, `new Cluster`)',
  ],
  [/^READONLY\b/, 'it is a replica: connect to the primary, or by its Sentinels'],
  [
    // What a script may not is told in other words before Redis 7.2.
    /^(?:NOPERM|NOAUTH|WRONGPASS|ERR The user executing the script)\b/,
    'the user of this connection may not: it needs EVAL, HSET, PUBLISH, INFO and the others that docs/fleet.md lists',
  ],
  [/^OOM\b/, 'its memory is full'],
  [
    /only \(P\|S\)SUBSCRIBE/,
    'its client is in subscriber mode: hand over one of its own, `client.duplicate()`',
  ],
];

function explained(error: unknown): unknown {
  const text = `${(error as Error | undefined)?.message}`;
  const hint = hints.find(([pattern]) => pattern.test(text));
  return hint ? new Error(`Redis refused: ${hint[1]} (${text})`, { cause: error }) : error;
}

export function createPort(hub: Hub, key: string, whenDown: StorePort['whenDown']): StorePort {
  /** Who led, and how many replicas there were, at the last answer. */
  let server = '';
  let replicas = 0;
  /** Whether there was an entry. */
  let had = false;
  /** The version that was sent last: what is told of it is no news here. */
  let sent: string | undefined;
  /** A lease of which it is not known whether a replica has it. */
  let doubtful: string | undefined;

  function learn(answer: unknown): string[] {
    const texts = textsOf(answer);
    const [count = '', name = ''] = texts.toReversed();
    server = name;
    replicas = Number(count);
    meet(hub, name);
    return texts;
  }

  /** For how long the server is known; an entry that was never there is in nobody's hands, whoever leads. */
  const known = (isFirst: boolean): string[] =>
    isFirst && !had ? [`${HOLD}`, '*'] : [`${Math.round(knownFor(hub, server))}`, server];

  async function ask<T>(question: () => Promise<T>): Promise<T> {
    await ready(hub);
    try {
      return await question();
    } catch (error) {
      throw explained(error);
    }
  }

  /** Whether a replica has what `leader` has written; after a failover the figures are another's, and say nothing. */
  async function isConfirmed(leader: string | undefined): Promise<boolean> {
    const until = clock() + CONFIRMATION;
    let written: string | undefined;
    for (;;) {
      const [who, all, seen] = textsOf(await hub.wire.run(CONFIRMED, key, []));
      if (!all || who !== leader) return false;
      written ??= all;
      if (Number(seen) >= Number(written)) return true;
      if (clock() > until) return false;
      await pause(50);
    }
  }

  /**
   * Sends a lease and waits for a replica. Where its slot moves to another node of a Cluster, clients follow with a call of
   * its own and with no pipeline, and nothing else can be said on that connection.
   */
  const sendAndWait = (args: string[]): Promise<[unknown, unknown]> =>
    hub.wire.runAndWait(REPLACE, key, args, REPLICATION).catch(async (error) => {
      if (!/^(?:MOVED|ASK)\b/.test(`${error?.message}`)) throw error;
      const answer = await hub.wire.run(REPLACE, key, args);
      const [outcome, , leader] = textsOf(answer);
      return [answer, outcome === 'yes' && (await isConfirmed(leader))];
    });

  /** Sends a lease, which counts when a replica has it. */
  async function lease(args: string[]): Promise<unknown> {
    if (clock() < (hub.silent.get(server) ?? 0)) throw new Error('no replica of Redis has confirmed a lease');
    doubtful = args[3];
    const [answer, confirmed] = await ask(() => sendAndWait(args));
    if (textsOf(answer)[0] === 'yes' && !Number(confirmed)) {
      hub.silent.set(server, clock() + SILENCE);
      throw new Error('no replica of Redis has confirmed the lease');
    }
    doubtful = undefined;
    return answer;
  }

  async function replace(args: string[], isLease: boolean): Promise<boolean> {
    for (;;) {
      const all = [...known(!args[0]), ...args, isLease ? 'lease' : 'news'];
      const send = () => ask(() => hub.wire.run(REPLACE, key, all));
      const [answer, left] = learn(await (isLease && replicas ? lease(all) : send()));
      if (answer !== 'later') return answer === 'yes';
      // Whoever holds a newer entry writes it meanwhile.
      await pause(Number(left));
    }
  }

  return {
    ...{ forgets: true, whenDown },
    async read(): Promise<StoreEntry | undefined> {
      const args = [...known(false), doubtful === undefined ? '' : `=${doubtful}`];
      const answer = await ask(() => hub.wire.run(READ, key, args));
      doubtful = undefined;
      const [found = '', value = '', age] = learn(answer);
      had ||= !!found;
      return found ? { version: found.slice(1), value, ...(age && { age: Number(age) }) } : undefined;
    },
    async replace(version, next, quiet) {
      sent = next.version;
      const keepFor = next.keepFor ? `${Math.ceil(Math.min(next.keepFor, LONGEST))}` : '';
      const args = [version === undefined ? '' : `=${version}`, next.version, next.value, keepFor, key];
      const isDone = await replace(args, !!quiet);
      had ||= isDone;
      return isDone;
    },
    watch: (listener) =>
      watch(hub, key, (message) => {
        if (message === undefined || message !== sent) listener();
      }),
  };
}
