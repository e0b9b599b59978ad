/** A WebDriver session over plain HTTP. */
import { setTimeout as sleep } from 'node:timers/promises';

type Method = 'GET' | 'POST' | 'DELETE';

export interface Session {
  readonly browserVersion: string;
  /** The window that the browser started with. */
  readonly window: string;
  /** One command in one window; the commands of a session run one after the other. */
  command<T>(window: string, method: Method, path: string, body?: object): Promise<T>;
}

async function send<T>(url: string, method: Method, body?: object): Promise<T> {
  const content = method === 'POST' ? { body: JSON.stringify(body ?? {}) } : {};
  const response = await fetch(url, { method, headers: { 'content-type': 'application/json' }, ...content });
  const { value } = (await response.json()) as { value: T & { error?: string; message?: string } };
  if (!response.ok) throw new Error(`${method} ${new URL(url).pathname}: ${value.error}: ${value.message}`);
  return value;
}

/** Waits until the driver listens, then starts a browser. */
export async function startSession(
  driver: string,
  alwaysMatch: object,
  abandoned: AbortSignal,
): Promise<Session> {
  const isListening = () =>
    send(`${driver}/status`, 'GET').then(
      () => true,
      () => false,
    );
  while (!(await isListening())) await sleep(50, undefined, { signal: abandoned });
  type Answer = { sessionId: string; capabilities: { browserVersion: string } };
  const wanted = { capabilities: { alwaysMatch } };
  const { sessionId, capabilities } = await send<Answer>(`${driver}/session`, 'POST', wanted);
  const session = `${driver}/session/${sessionId}`;

  let last: Promise<unknown> = Promise.resolve();
  let current = await send<string>(`${session}/window`, 'GET');
  return {
    browserVersion: capabilities.browserVersion,
    window: current,
    command<T>(window: string, method: Method, path: string, body?: object): Promise<T> {
      const turn = last.then(async () => {
        // A command goes to the current window.
        if (window !== current) await send(`${session}/window`, 'POST', { handle: window });
        current = window;
        return send<T>(`${session}/${path}`, method, body);
      });
      last = turn.catch(() => {});
      return turn;
    },
  };
}
