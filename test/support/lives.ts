/**
 * A steady load over several lives of a token, against real servers in this process. The clock of all of them is the
 * test's: it stands still but for the moments in which a life ends, so a starved machine changes nothing.
 */
import type { TokenManager } from 'evertoken';
import { onTestFinished, vi } from 'vitest';

/** Stops the clock, until the end of the test, at the beginning of a second. */
export function stopClock(): { pass(ms: number): void } {
  vi.useFakeTimers({ toFake: ['Date'], now: Math.ceil(Date.now() / 1_000) * 1_000 });
  onTestFinished(() => void vi.useRealTimers());
  return { pass: (ms) => void vi.setSystemTime(Date.now() + ms) };
}

export interface Lives {
  auth: Pick<TokenManager, 'on'>;
  workers: number;
  /** Answers between a refresh and the next end of a life. */
  between: number;
  /** What ends each life, in order. */
  ends: (() => void)[];
  send: (number: number, init: { method: string; body?: string }) => Promise<Response>;
}

export interface Lived {
  /** Answers with status 200 that say what was asked for. */
  answered: number;
  failures: unknown[];
}

/** Whether it is the answer to this very request; some APIs do not say. */
function isOwn(
  text: string,
  number: number,
  { method, body = '' }: { method: string; body?: string },
): boolean {
  const answer = JSON.parse(text) as { method?: string; path?: string; body?: string };
  if (answer.path === undefined) return true;
  return answer.method === method && answer.path.endsWith(`/${number}`) && answer.body === body;
}

/**
 * Each worker sends one request after the other, every third a POST, until all lives have ended and the last tokens
 * have served as long. A life ends when all requests that its predecessor's end may have met are answered.
 */
export async function liveThrough({ auth, workers, between, ends, send }: Lives): Promise<Lived> {
  const lived: Lived = { answered: 0, failures: [] };
  const onTheWay = new Set<number>();
  let next = between;
  let isEnding = false;
  let met: number[] = [];
  let isOver = false;
  let count = 0;
  const stop = auth.on('token-refreshed', () => {
    isEnding = false;
    next = lived.answered + between;
    met = [...onTheWay];
  });

  function look(): void {
    if (isEnding || lived.answered < next || met.some((number) => onTheWay.has(number))) return;
    const end = ends[0];
    isOver = !end;
    isEnding = !!end;
    ends = ends.slice(1);
    end?.();
  }

  async function work(): Promise<void> {
    while (!isOver && !lived.failures.length) {
      const number = count++;
      const init = number % 3 ? { method: 'GET' } : { method: 'POST', body: `body ${number}` };
      onTheWay.add(number);
      try {
        const response = await send(number, init);
        const text = await response.text();
        if (response.status !== 200) throw new Error(`request ${number}: ${response.status} ${text}`);
        if (!isOwn(text, number, init))
          throw new Error(`request ${number} got another one’s answer: ${text}`);
        lived.answered++;
      } catch (error) {
        lived.failures.push(error);
      }
      onTheWay.delete(number);
      look();
    }
  }

  await Promise.all(Array.from({ length: workers }, work));
  stop();
  return lived;
}
