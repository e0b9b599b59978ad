/** One context at a time deals with a sign-in: by a Web Lock that bears its state, and goes with its holder. */

/** What is under way in this context, where there are no Web Locks. */
const underWay = new Set<string>();

/**
 * Runs `alone` where no other context of this origin is at it, and holds the others off until that is done; `busy`
 * where one is. Where the platform has no Web Locks, or refuses them, nobody knows of other contexts.
 */
export async function inTurn<T>(
  state: string,
  alone: () => Promise<T>,
  busy: () => Promise<T>,
  unknown = alone,
): Promise<T> {
  let work: Promise<T> | undefined;
  try {
    await navigator.locks.request(`evertoken.oidc.${state}`, { ifAvailable: true }, (lock) => {
      work = (lock ? alone : busy)();
      return work;
    });
  } catch {} // what `work` rejects with, or that there is no lock to be had
  if (work) return work;
  if (underWay.has(state)) return busy();
  underWay.add(state);
  return unknown().finally(() => underWay.delete(state));
}
