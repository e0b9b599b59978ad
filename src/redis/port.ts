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

/** Methods of a class, because a server has one for each of ten thousand sessions. */
class RedisPort implements StorePort {
  readonly forgets = true;
  readonly whenDown: StorePort['whenDown'];
  readonly #hub: Hub;
  readonly #key: string;
  /** Who led, and how many replicas there were, at the last answer. */
  #server = '';
  #replicas = 0;
  /** Whether there was an entry. */
  #had = false;
  /** The version that was sent last: what is told of it is no news here. */
  #sent: string | undefined;
  /** A lease of which it is not known whether a replica has it. */
  #doubtful: string | undefined;

  constructor(hub: Hub, key: string, whenDown: StorePort['whenDown']) {
    this.#hub = hub;
    this.#key = key;
    this.whenDown = whenDown;
  }

  async read(): Promise<StoreEntry | undefined> {
    const args = [...this.#known(false), this.#doubtful === undefined ? '' : `=${this.#doubtful}`];
    const answer = await this.#ask(() => this.#hub.wire.run(READ, this.#key, args));
    this.#doubtful = undefined;
    const [found = '', value = '', age] = this.#learn(answer);
    this.#had ||= !!found;
    return found ? { version: found.slice(1), value, ...(age && { age: Number(age) }) } : undefined;
  }

  async replace(version: string | undefined, next: StoreEntry, quiet?: boolean): Promise<boolean> {
    this.#sent = next.version;
    const keepFor = next.keepFor ? `${Math.ceil(Math.min(next.keepFor, LONGEST))}` : '';
    const was = version === undefined ? '' : `=${version}`;
    const isDone = await this.#replace([was, next.version, next.value, keepFor, this.#key], !!quiet);
    this.#had ||= isDone;
    return isDone;
  }

  watch(listener: () => void): () => void {
    return watch(this.#hub, this.#key, (message) => {
      if (message === undefined || message !== this.#sent) listener();
    });
  }

  #learn(answer: unknown): string[] {
    const texts = textsOf(answer);
    const [count = '', name = ''] = texts.toReversed();
    this.#server = meet(this.#hub, name);
    this.#replicas = Number(count);
    return texts;
  }

  /** For how long the server is known; an entry that was never there is in nobody's hands, whoever leads. */
  #known(isFirst: boolean): string[] {
    if (isFirst && !this.#had) return [`${HOLD}`, '*'];
    return [`${Math.round(knownFor(this.#hub, this.#server))}`, this.#server];
  }

  async #ask<T>(question: () => Promise<T>): Promise<T> {
    await ready(this.#hub);
    try {
      return await question();
    } catch (error) {
      throw explained(error);
    }
  }

  /** Whether a replica has what `leader` has written; after a failover the figures are another's, and say nothing. */
  async #isConfirmed(leader: string | undefined): Promise<boolean> {
    const until = clock() + CONFIRMATION;
    let written: string | undefined;
    for (;;) {
      const [who, all, seen] = textsOf(await this.#hub.wire.run(CONFIRMED, this.#key, []));
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
  async #sendAndWait(args: string[]): Promise<[unknown, unknown]> {
    const { wire } = this.#hub;
    try {
      return await wire.runAndWait(REPLACE, this.#key, args, REPLICATION);
    } catch (error) {
      if (!/^(?:MOVED|ASK)\b/.test(`${(error as Error | undefined)?.message}`)) throw error;
      const answer = await wire.run(REPLACE, this.#key, args);
      const [outcome, , leader] = textsOf(answer);
      return [answer, outcome === 'yes' && (await this.#isConfirmed(leader))];
    }
  }

  /** Sends a lease, which counts when a replica has it. */
  async #lease(args: string[]): Promise<unknown> {
    const { silent } = this.#hub;
    if (clock() < (silent.get(this.#server) ?? 0))
      throw new Error('no replica of Redis has confirmed a lease');
    this.#doubtful = args[3];
    const [answer, confirmed] = await this.#ask(() => this.#sendAndWait(args));
    if (textsOf(answer)[0] === 'yes' && !Number(confirmed)) {
      silent.set(this.#server, clock() + SILENCE);
      throw new Error('no replica of Redis has confirmed the lease');
    }
    this.#doubtful = undefined;
    return answer;
  }

  async #replace(args: string[], isLease: boolean): Promise<boolean> {
    for (;;) {
      const all = [...this.#known(!args[0]), ...args, isLease ? 'lease' : 'news'];
      const send = () => this.#ask(() => this.#hub.wire.run(REPLACE, this.#key, all));
      const [answer, left] = this.#learn(await (isLease && this.#replicas ? this.#lease(all) : send()));
      if (answer !== 'later') return answer === 'yes';
      // Whoever holds a newer entry writes it meanwhile.
      await pause(Number(left));
    }
  }
}

export const createPort = (hub: Hub, key: string, whenDown: StorePort['whenDown']): StorePort =>
  new RedisPort(hub, key, whenDown);
