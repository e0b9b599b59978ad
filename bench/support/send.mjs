/** Sends requests through a subject, each to its end, whatever shape its answers have. */

/** Resolves when the body was read, with whether the API has served it. */
export async function isServed(pending) {
  try {
    const response = await pending;
    // Others have read it: axios and google-auth-library by themselves.
    if (typeof response.text === 'function' && !response.bodyUsed) await response.text();
    return response.status === 200;
  } catch {
    return false;
  }
}

/**
 * A fetch with at most `count` requests under way, as browsers have it too. Ten thousand requests at once would
 * else open as many sockets, and the bench would measure those.
 */
export function limited(fetch, count) {
  const waiting = [];
  let free = count;
  const release = () => {
    const next = waiting.shift();
    if (next) next();
    else free++;
  };
  return async (input, init) => {
    if (free) free--;
    else await new Promise((resolve) => waiting.push(resolve));
    try {
      return await fetch(input, init);
    } finally {
      release();
    }
  };
}

/**
 * Constant load: at each tick one request through each of the lanes, in turning order, whatever the earlier ones do.
 *
 * @param lanes - `{ send }`; `send` resolves with whether it was served.
 * @param patience - ms that is waited for answers when no more requests are sent.
 * @param note - Told of each outcome: the lane, whether it was served, ms it took, and when it was sent.
 */
export async function steadily(lanes, { perSecond, until, note, patience = 20_000 }) {
  const began = performance.now();
  const pending = new Set();
  let ticks = 0;
  const sendTo = (lane) => {
    const at = performance.now();
    const outcome = lane.send().then((served) => {
      note(lane, { served, ms: performance.now() - at, at: at - began });
      pending.delete(outcome);
    });
    pending.add(outcome);
  };
  while (!until(performance.now() - began)) {
    const due = ((performance.now() - began) / 1_000) * perSecond;
    // Who falls behind by a second, because a storm takes all the time, does not make it worse.
    for (ticks = Math.max(ticks, Math.floor(due - perSecond)); ticks < due; ticks++) {
      const shift = ticks % lanes.length;
      for (let index = 0; index < lanes.length; index++) sendTo(lanes[(index + shift) % lanes.length]);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.race([Promise.all(pending), new Promise((resolve) => setTimeout(resolve, patience).unref())]);
}
