/** Redis as far as the two scripts go, in memory, and a client of it that a test steers. */
import type { Ear, Wire } from '../../src/redis/clients.ts';
import { type Hub, hubOf } from '../../src/redis/hub.ts';
import { CONFIRMED, HOLD, READ, REPLACE } from '../../src/redis/script.ts';

interface Kept {
  version: string;
  value: string;
  at: number;
  by: string;
  keepFor: string;
}

export function createFakeRedis() {
  const entries = new Map<string, Kept>();
  const hearers = new Set<(channel: string, message: string) => void>();
  const losers = new Set<() => void>();
  const redis = {
    entries,
    /** The slot of the entry moves: a pipeline is told so, and a call of its own is sent on. */
    isMoving: false,
    /** What it says that it has written, and what happens before it does. */
    written: '2',
    looked() {},
    /** Who leads; another one after a failover. */
    server: 'one',
    replicas: 0,
    /** How many of them answer when they are waited for. */
    confirming: 0,
    isReady: true,
    fault: undefined as string | undefined,
    /** What the next calls reject with. */
    error: undefined as unknown,
    /** Whether a call is made, and its answer lost. */
    isLost: false,
    /** Since when the server leads, for whoever has not known it for long. */
    since: 0,
    /** All calls. */
    calls: [] as { script: 'read' | 'replace'; args: string[]; waits: boolean }[],
    subscribed: [] as string[][],
    listened: 0,
    closed: 0,
    /** Why nobody can listen. */
    deafness: undefined as unknown,
    publish(channel: string, message: string): void {
      for (const hear of hearers) hear(channel, message);
    },
    /** The connection for news breaks. */
    cut(): void {
      for (const lost of losers) lost();
    },
    hub: (): Hub => hubOf(redis, () => wire),
  };

  function read(key: string, [, , doubtful]: string[]): unknown[] {
    const found = entries.get(key);
    if (found && doubtful === `=${found.version}`) found.version += '?';
    const age = found?.by === redis.server ? `${Date.now() - found.at}` : '';
    return [found ? `=${found.version}` : '', found?.value ?? '', age];
  }

  function replace(key: string, args: string[]): unknown[] {
    const [known = '', server, expected, version = '', value = '', keepFor = '', channel = '', mode] = args;
    const found = entries.get(key);
    if (expected !== (found ? `=${found.version}` : '')) return ['no', '0'];
    const since = ['*', redis.server].includes(`${server}`) ? Number(known) : 0;
    const left = HOLD - Math.max(since, Date.now() - redis.since);
    if (mode === 'lease' && left > 0) return ['later', left];
    entries.set(key, { version, value, at: Date.now(), by: redis.server, keepFor });
    if (mode === 'news') redis.publish(channel, version);
    return ['yes', '0'];
  }

  async function run(script: string, key: string, args: string[], waits: boolean): Promise<unknown> {
    if (script === CONFIRMED) {
      redis.looked();
      return [redis.server, redis.written, `${redis.confirming ? 2 : 1}`];
    }
    redis.calls.push({ script: script === READ ? 'read' : 'replace', args, waits });
    if (redis.error) throw redis.error;
    if (![READ, REPLACE].includes(script)) throw new Error('an unknown script');
    const answer = script === READ ? read(key, args) : replace(key, args);
    if (redis.isLost) throw new Error('the connection broke');
    return [...answer, redis.server, `${redis.replicas}`];
  }

  const wire: Wire = {
    fault: () => redis.fault,
    isReady: () => redis.isReady,
    run: (script, key, args) => run(script, key, args, false),
    async runAndWait(script, key, args) {
      if (redis.isMoving) throw new Error('ASK 8435 127.0.0.1:7000');
      return [await run(script, key, args, true), redis.confirming];
    },
    async listen(hear, lost): Promise<Ear> {
      redis.listened++;
      if (redis.deafness) throw redis.deafness;
      hearers.add(hear);
      losers.add(lost);
      return {
        subscribe: async (channels) => redis.subscribed.push(channels),
        unsubscribe: async (channel) => redis.subscribed.push([`no ${channel}`]),
        close() {
          redis.closed++;
          hearers.delete(hear);
          losers.delete(lost);
        },
      };
    },
  };
  return redis;
}
