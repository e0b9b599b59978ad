/** What the panel shows as plain text: to be copied into an issue. */
import type { ManagerState } from './managers.ts';
import { shortened } from './managers.ts';
import { lanes, type Row, timeOf } from './row.ts';

/** Who sends it to whom, in words. */
export const pathOf = ({ from, to }: Row): string =>
  from === to ? lanes[from] : `${lanes[from]} to ${lanes[to]}`;

/** Lines about other URLs are left out; what is about none stays, for a refresh belongs to all of them. */
export function filtered(rows: readonly Row[], text: string): readonly Row[] {
  const wanted = text.trim().toLowerCase();
  return wanted ? rows.filter(({ url }) => url === undefined || url.toLowerCase().includes(wanted)) : rows;
}

export type NameOf = (number: number) => string;

const managerLine = (nameOf: NameOf, { number, status, store, sessionId, life, end }: ManagerState): string =>
  [
    `${nameOf(number)}: ${status}`,
    store && `store ${store}`,
    sessionId && `session ${shortened(sessionId)}`,
    life?.expiresAt && `token ends ${timeOf(life.expiresAt)}`,
    end && `last end ${timeOf(end.at)} ${end.reason}${end.elsewhere ? ', elsewhere' : ''}`,
  ]
    .filter(Boolean)
    .join(', ');

export function textOf(managers: readonly ManagerState[], rows: readonly Row[], nameOf: NameOf): string {
  const lines = rows.map((row) => {
    const who = row.manager === undefined ? '' : ` [${nameOf(row.manager)}]`;
    return `${timeOf(row.at)} ${row.letter || '-'} ${pathOf(row)}${who}: ${row.text}`;
  });
  return [...managers.map((one) => managerLine(nameOf, one)), '', ...lines, ''].join('\n');
}
