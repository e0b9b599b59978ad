/** The script of a page that opens stores, and of a worker that it starts. */
import { play } from './store-ports.ts';

type Question = { id: number; args: Parameters<typeof play> };
type Answer = { id: number; value?: unknown; error?: string };

/** Its worker, of the same script, and what was asked of it. */
let worker: Worker | undefined;
const open = new Map<number, PromiseWithResolvers<unknown>>();
let count = 0;

function askWorker(...args: Parameters<typeof play>): Promise<unknown> {
  if (!worker) {
    worker = new Worker('/main.js');
    worker.onmessage = ({ data: { id, value, error } }: MessageEvent<Answer>) => {
      if (error === undefined) open.get(id)?.resolve(value);
      else open.get(id)?.reject(new Error(error));
      open.delete(id);
    };
  }
  const question = Promise.withResolvers<unknown>();
  open.set(++count, question);
  worker.postMessage({ id: count, args } satisfies Question);
  return question.promise;
}

async function answer({ id, args }: Question): Promise<Answer> {
  try {
    return { id, value: await play(...args) };
  } catch (error) {
    return { id, error: `${error}` };
  }
}

if ('document' in globalThis) Object.assign(globalThis, { play, askWorker });
else globalThis.onmessage = async ({ data }: MessageEvent<Question>) => postMessage(await answer(data));
