/** A process with a port of its own over Redis, which does what its parent asks. */

import { hubOf } from '../../src/redis/hub.ts';
import { createPort } from '../../src/redis/port.ts';
import { wireOf } from '../../src/redis/wire.ts';
import { connect, type RedisSet } from './fleet/redis.ts';
import { createPortActs } from './worker-acts.ts';

const { client } = connect(JSON.parse(`${process.argv[2]}`) as RedisSet);
const acts = createPortActs(
  createPort(
    hubOf(client, () => wireOf(client)),
    'evertoken:suite',
    undefined,
  ),
);

process.on('message', async ({ id, act, args }: { id: number; act: keyof typeof acts; args: never[] }) => {
  try {
    process.send?.({ id, value: await (acts[act] as (...args: never[]) => unknown)(...args) });
  } catch (error) {
    process.send?.({ id, error: `${error}` });
  }
});
