/** One lock for all contexts, first come, first served; a frozen context keeps it. */
import type { Lock } from 'evertoken';
import type { Actor, Loop } from './loop.ts';

interface Claim {
  readonly actor: Actor;
  grant(): void;
}

export interface Locks {
  of(actor: Actor): Lock;
  /** What it held is free. */
  drop(actor: Actor): void;
}

export function createLocks(loop: Loop): Locks {
  let queue: Claim[] = [];
  let holder: Claim | undefined;

  const next = () => {
    holder ??= queue.shift();
    const granted = holder;
    if (granted) loop.after(loop.delay(), granted.actor, 'lock', () => granted.grant());
  };
  const free = (claim: Claim) => {
    queue = queue.filter((other) => other !== claim);
    if (holder !== claim) return;
    holder = undefined;
    next();
  };

  return {
    of:
      (actor) =>
      (task, { signal }) =>
        new Promise((resolve, reject) => {
          let isGranted = false;
          let isGivenUp = signal.aborted;
          const leave = () => void loop.after(loop.delay(), undefined, 'unlock', () => free(claim));
          const giveUp = () => {
            if (isGranted || isGivenUp) return;
            isGivenUp = true;
            reject(signal.reason);
            leave();
          };
          const claim: Claim = {
            actor,
            grant() {
              if (isGivenUp) return;
              isGranted = true;
              task().finally(leave).then(resolve, reject);
            },
          };
          signal.addEventListener('abort', giveUp);
          if (isGivenUp) reject(signal.reason);
          else {
            loop.after(loop.delay(), undefined, `${actor.name} wants the lock`, () => {
              if (isGivenUp || actor.isGone) return;
              queue.push(claim);
              if (!holder) next();
            });
          }
        }),
    drop(actor) {
      queue = queue.filter((claim) => claim.actor !== actor);
      if (holder?.actor === actor) free(holder);
    },
  };
}
