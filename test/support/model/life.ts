/** What a browser does to a context: freezes, thaws, wakes and ends it. */
import type { Context } from './contexts.ts';
import type { World } from './world.ts';

/** Not in the middle of a transaction. */
export function freeze(world: World, context: Context, how = 0): void {
  if (context.isFreezing) return;
  context.isFreezing = true;
  context.wasFrozen = true;
  context.frozenAt = world.loop.now;
  context.isAsleep = world.variant.sleeps === true && how % 2 > 0;
  const begin = () => {
    if (!context.isFreezing) return;
    if (world.databases.isBusy(context)) world.loop.after(1, undefined, 'freeze', begin);
    else context.isFrozen = true;
  };
  begin();
}

/** Becomes visible. */
export function wake({ loop }: World, context: Context): void {
  loop.after(0, context, 'wakes', () => void context.surroundings.page.dispatchEvent(new Event('resume')));
}

/** A moment later, so that no timer falls due at that very moment. */
export function thaw(world: World, context: Context): void {
  const { loop, databases } = world;
  loop.after(50, undefined, 'thaw', () => {
    context.isFreezing = false;
    if (!context.isFrozen) return;
    context.thawedAt = loop.now;
    // The device slept, and one of its clocks with it.
    if (context.isAsleep) context.still += loop.now - context.frozenAt;
    wake(world, context);
    loop.thaw(context);
    databases.update();
  });
}

/** It vanishes in the middle of whatever it does. */
export function crash(world: World, context: Context): void {
  const { loop, network, databases, locks, channels, cell, stories } = world;
  context.isGone = true;
  stories.abandon(context.name);
  network.lose(context);
  channels.drop(context);
  cell.drop(context);
  if (cell.vanishedAt > 0) stories.spoilAll();
  loop.after(loop.delay(), undefined, `${context.name} is gone`, () => {
    locks.drop(context);
    databases.update();
  });
}
