/** The known name that is nearest to a misspelt one; for the messages of the development build. */

/** Without what people write differently: `client_id` and `clientID` are `clientId`. */
const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

/** How many letters have to be added, removed, replaced or swapped with their neighbour. */
export function distance(from: string, to: string): number {
  // Of the beginnings of `from`, by length, to each beginning of `to`.
  const rows = [Array.from({ length: to.length + 1 }, (_, length) => length)];
  const at = (i: number, j: number) => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= to.length; j++) {
      const isSame = from[i - 1] === to[j - 1];
      const isSwapped = from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      const replaced = at(i - 1, j - 1) + (isSame ? 0 : 1);
      const swapped = isSwapped ? at(i - 2, j - 2) + 1 : replaced;
      row.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, replaced, swapped));
    }
  }
  return at(from.length, to.length);
}

/**
 * @param known - In the order in which they are preferred.
 * @returns The nearest one, `undefined` when none is near: at most a third of its letters may be wrong.
 */
export function nearest(name: string, known: readonly string[]): string | undefined {
  // What is long is no name, and its distance takes long.
  const given = plain(name.slice(0, 50));
  let found: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const goal = plain(candidate);
    const wrong = distance(given, goal);
    if (wrong >= least || wrong > Math.max(given.length, goal.length) / 3) continue;
    found = candidate;
    least = wrong;
  }
  return found;
}

/** The first name in an object that is none of the known ones, with what to say of it. */
export function misspelt(
  given: object,
  known: readonly string[],
): { name: string; advice: string } | undefined {
  const name = Object.keys(given).find((one) => !known.includes(one));
  if (name === undefined) return undefined;
  const meant = nearest(name, known);
  return { name, advice: `${meant ? `'${meant}', perhaps; ` : ''}known are ${known}` };
}
