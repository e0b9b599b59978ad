/** The lines of docs/clients.md, run as they stand there: 200 calls with each client over tokens that live 500 ms. */
import { afterAll, beforeAll, test } from 'vitest';
import { clients } from './support/clients.ts';
import { type Clock, startClock } from './support/clock.ts';
import { liveWith } from './support/lives.ts';

let clock: Clock;
beforeAll(() => {
  clock = startClock();
});
afterAll(() => clock.stop());

test.concurrent.for(clients.map((client) => [client.name ?? client.heading, client] as const))(
  'R24, R31: docs/clients.md, %s: no call fails over many lives of a token, with one refresh for each',
  ([, client], { onTestFinished }) => liveWith(client, clock, onTestFinished),
);
