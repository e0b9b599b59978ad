/** Holds figures against `budgets.json`. */
import { readFileSync } from 'node:fs';

const { budgets } = JSON.parse(readFileSync(new URL('../budgets.json', import.meta.url), 'utf8'));

/**
 * @param figure - `{ id, value, error }`; `error` is how far the value may be off.
 * @returns What is asked for, what is held (the budget, or what was reached where it is not met yet), and whether
 *   the value is worse than that by more than its error.
 */
export function hold({ id, value, error = 0 }) {
  const entry = budgets[id];
  if (!entry) throw new Error(`budgets.json knows no ${id}`);
  const { what, unit = '', budget, reached, least = false } = entry;
  const held = reached ?? budget;
  const isWithin = (limit, slack) => (least ? value + slack >= limit : value - slack <= limit);
  return {
    id,
    what,
    unit,
    value,
    error,
    budget,
    held,
    least,
    isMet: isWithin(budget, 0),
    isHeld: isWithin(held, error),
  };
}

export const drawChecks = (checks, isShort) => ({
  title: isShort ? 'What must not get worse' : 'What must hold',
  columns: ['', 'measured', '±', 'held', 'budget', ''],
  rows: checks.map(({ what, unit, value, error, budget, held, least, isMet, isHeld }) => [
    what,
    value,
    error,
    `${least ? '≥' : '≤'} ${held} ${unit}`.trim(),
    `${least ? '≥' : '≤'} ${budget} ${unit}`.trim(),
    isMet ? 'met' : isHeld || !isShort ? 'not met' : 'WORSE',
  ]),
});
