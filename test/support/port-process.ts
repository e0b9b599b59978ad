/** A process with a port over a file, another one for each `open`. */
import type { StorePort } from '../../src/types.ts';
import { answer } from './fleet/answers.ts';
import { createPortActs, type PortActs } from './worker-acts.ts';

export function work(createPort: (path: string) => StorePort): void {
  const acts = {} as PortActs;
  answer(
    Object.assign(acts, {
      open: (path: string) => void Object.assign(acts, createPortActs(createPort(path))),
    }),
  );
}
