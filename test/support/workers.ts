/** Workers that share a load: requests start by the clock, each worker waits for its answer before its next one. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface Work {
  workers: number;
  requests: number;
  /** Milliseconds from one request to the next. */
  pace: number;
  send: (number: number, init: { method: string; body?: string }) => Promise<Response>;
}

export interface Worked {
  /** Answers with status 200 that say what was asked for. */
  answered: number;
  failures: unknown[];
  /** Milliseconds since the epoch. */
  lastSentAt: number;
  endedAt: number;
}

/** Every third request is a POST whose body the API sends back, where it is an API that does. */
export async function driveWorkers({ workers, requests, pace, send }: Work): Promise<Worked> {
  const began = Date.now();
  const worked: Worked = { answered: 0, failures: [], lastSentAt: began, endedAt: began };

  async function request(number: number): Promise<void> {
    const init = number % 3 ? { method: 'GET' } : { method: 'POST', body: `body ${number}` };
    const response = await send(number, init);
    const text = await response.text();
    if (response.status !== 200) throw new Error(`request ${number}: ${response.status} ${text}`);
    const answer = JSON.parse(text) as { method?: string; path?: string; body?: string };
    const isOwn =
      answer.path === undefined ||
      (answer.method === init.method &&
        answer.path.endsWith(`/${number}`) &&
        answer.body === (init.body ?? ''));
    if (!isOwn) throw new Error(`request ${number} got the answer to ${answer.method} ${answer.path}`);
  }

  async function work(first: number): Promise<void> {
    for (let number = first; number < requests; number += workers) {
      await sleep(Math.max(began + number * pace - Date.now(), 0));
      worked.lastSentAt = Date.now();
      await request(number).then(
        () => worked.answered++,
        (error: unknown) => worked.failures.push(error),
      );
    }
  }

  await Promise.all(Array.from({ length: workers }, (_, first) => work(first)));
  return { ...worked, endedAt: Date.now() };
}
