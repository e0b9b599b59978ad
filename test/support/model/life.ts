/** What a browser does to a context: freezes, thaws, wakes and ends it. */
import type { Context } from './contexts.ts';
import type { World } from './world.ts';

/** Not in the middle of a transaction. */
export function freeze(world: World, context: Context): void {
  context.isFreezing = true;
  context.wasFrozen = true;
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
    wake(world, context);
    loop.thaw(context);
    databases.update();
  });
}

/** It vanishes in the middle of whatever it does. */
export function crash({ loop, network, databases, locks, channels, stories }: World, context: Context): void {
  context.isGone = true;
  stories.abandon(context.name);
  network.lose(context);
  channels.drop(context);
  loop.after(loop.delay(), undefined, `${context.name} is gone`, () => {
    locks.drop(context);
    databases.update();
  });
}
