/** Questions and answers between two threads, in both directions. */
import type { MessagePort, Worker } from 'node:worker_threads';

interface Message {
  readonly id: number;
  readonly act?: string;
  readonly args?: unknown[];
  readonly value?: unknown;
  readonly error?: string;
}

type Acts = Record<string, (...args: never[]) => unknown>;

/** @param acts - What the other side may ask for. */
export function createLine(
  line: MessagePort | Worker,
  acts: object,
): (act: string, ...args: unknown[]) => Promise<unknown> {
  const open = new Map<number, PromiseWithResolvers<unknown>>();
  let count = 0;
  const post = (message: Message) => line.postMessage(message);

  async function answer({ id, act = '', args = [] }: Message): Promise<void> {
    try {
      post({ id, value: await (acts as Acts)[act]?.(...(args as never[])) });
    } catch (error) {
      post({ id, error: `${error}` });
    }
  }
  line.on('message', (message: Message) => {
    if (message.act) {
      answer(message);
      return;
    }
    const question = open.get(message.id);
    open.delete(message.id);
    if (message.error) question?.reject(new Error(message.error));
    else question?.resolve(message.value);
  });
  return (act, ...args) => {
    const question = Promise.withResolvers<unknown>();
    open.set(++count, question);
    post({ id: count, act, args });
    return question.promise;
  };
}
