/** Requests of a page, and what became of them. */
import { asTokenError } from 'evertoken';
import { sleep } from './setup.ts';

/** The status, or the code or name of what it was rejected with. */
export type Outcome = number | string;

export function createTraffic(send: (path: string) => Promise<Response>) {
  async function request(path: string): Promise<Outcome> {
    try {
      const response = await send(path);
      await response.text();
      return response.status;
    } catch (error) {
      return asTokenError(error)?.code ?? (error as Error).name;
    }
  }

  /** `count` requests at once. */
  const burst = (count: number, label = 'items'): Promise<Outcome[]> =>
    Promise.all(Array.from({ length: count }, (_, number) => request(`/${label}/${number}`)));

  let drive: Promise<Outcome[]> | undefined;
  let isOver = false;

  async function run(pace: number): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for (isOver = false; !isOver; await sleep(pace)) outcomes.push(await request('/items/0'));
    return outcomes;
  }

  return {
    burst,
    /** One request after the other, `pace` milliseconds after the answer, until {@link stop}. */
    start(pace: number): void {
      drive = run(pace);
    },
    /** What became of all since the start. */
    stop(): Promise<Outcome[]> | undefined {
      isOver = true;
      return drive;
    },
  };
}
