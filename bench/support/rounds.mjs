/** Measures several subjects by turns, so that whatever else the machine does meets all of them. */
import { median } from './statistics.mjs';

/**
 * @param measure - Called for each subject in each round, one after the other; answers a number, or nothing where the
 *   measurement did not come about.
 * @param warmUp - Rounds that do not count.
 * @returns For each round one object of numbers by the subject's name.
 */
export async function inTurns(subjects, { rounds, warmUp = 0 }, measure) {
  const results = [];
  for (let round = 0; round < warmUp + rounds; round++) {
    // Nobody always comes right after the same other one.
    const order = subjects.map((subject) => [Math.random(), subject]).sort(([a], [b]) => a - b);
    const numbers = {};
    for (const [, subject] of order) numbers[subject.name] = await measure(subject, round);
    if (round >= warmUp) results.push(numbers);
  }
  return results;
}

/** One number for each round in which all that it needs was measured. */
export const each = (rounds, pick) => rounds.map(pick).filter((number) => Number.isFinite(number));

/** The calmer half of the rounds: in the others something else was given the processor. */
export function calmest(rounds) {
  const total = (round) => Object.values(round).reduce((sum, number) => sum + number, 0);
  const limit = median(rounds.map(total));
  return rounds.filter((round) => total(round) <= limit);
}
