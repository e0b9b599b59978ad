/** A page around a sandboxed frame: hands on what it is asked. */
import type { Reply } from './framed.ts';

const frame = document.createElement('iframe');
frame.sandbox.add('allow-scripts');
frame.src = `/${location.search}`;
const loaded = new Promise((resolve) => {
  frame.onload = resolve;
});
document.body.append(frame);

async function ask(name: string, args: unknown[]): Promise<unknown> {
  await loaded;
  const { port1, port2 } = new MessageChannel();
  const reply = new Promise<Reply>((resolve) => {
    port1.onmessage = ({ data }) => resolve(data);
  });
  frame.contentWindow?.postMessage({ name, args }, '*', [port2]);
  const { value, error } = await reply;
  if (error) throw new Error(error);
  return value;
}

const actor = new Proxy(
  {},
  {
    get:
      (_, name) =>
      (...args: unknown[]) =>
        ask(String(name), args),
  },
);
Object.assign(globalThis, { actor });
