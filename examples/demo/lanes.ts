/** One line of the picture as text: three lanes, an arrow or a dot, the token's remaining life. */
import { styleText } from 'node:util';

/** In the order of the lanes: the client stands between the two it talks to, so that no arrow crosses a lane. */
export type Party = 'authorization server' | 'client' | 'resource server';

export interface Line {
  /** Milliseconds since the demo began. */
  readonly at: number;
  /** Letters of the flow, A to H. */
  readonly step: string;
  readonly from: Party;
  /** Absent: it happens at `from`. */
  readonly to?: Party;
  /** The arrow has two heads. */
  readonly both?: boolean;
  readonly note: string;
}

type Colour = 'cyan' | 'gray' | 'yellow' | 'red' | 'blue' | 'green' | 'magenta';

const COLUMNS: Record<Party, number> = { 'authorization server': 6, client: 20, 'resource server': 34 };
const LANES_WIDTH = 41;
const BAR_WIDTH = 10;

const COLOURS: Record<string, Colour> = {
  A: 'cyan',
  B: 'cyan',
  'C D': 'gray',
  E: 'yellow',
  F: 'red',
  G: 'blue',
  H: 'green',
  again: 'magenta',
};

export function heading(): string {
  const first = lay([
    [0, 'authorization'],
    [17, 'client'],
    [30, 'resource'],
  ]);
  const second = lay([
    [3, 'server'],
    [31, 'server'],
  ]);
  return [
    `${'time'.padStart(8)} ${'step'.padEnd(5)} ${first} token's life`,
    `${' '.repeat(15)}${second}`.trimEnd(),
  ].join('\n');
}

/** `life` is the share of the token's life that is left, 0 to 1. */
export function drawLine(line: Line, life: number): string {
  const step = paint(COLOURS[line.step], line.step.padEnd(5));
  const lanes = paint(COLOURS[line.step], drawLanes(line));
  return `${seconds(line.at).padStart(8)} ${step} ${lanes} ${drawBar(life)} ${line.note}`;
}

export function drawBar(life: number): string {
  const full = Math.round(Math.min(Math.max(life, 0), 1) * BAR_WIDTH);
  const colour = life > 0.25 ? 'green' : life > 0 ? 'yellow' : 'red';
  return paint(colour, '█'.repeat(full)) + paint('gray', '░'.repeat(BAR_WIDTH - full));
}

export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(3)} s`;
}

/** `styleText` leaves the colour out when stdout is no terminal or `NO_COLOR` is set. */
export function paint(colour: Colour | undefined, text: string): string {
  return colour ? styleText(colour, text, { stream: process.stdout }) : text;
}

function drawLanes({ from, to, both }: Line): string {
  const lanes = Object.values(COLUMNS).map((column): [number, string] => [column, '│']);
  if (!to) return lay([...lanes, [COLUMNS[from], '●']]);
  const [start, end] = [COLUMNS[from], COLUMNS[to]].sort((a, b) => a - b) as [number, number];
  const head = (column: number, mark: string): string => (both || COLUMNS[to] === column ? mark : '─');
  const arrow = head(start, '◀') + '─'.repeat(end - start - 3) + head(end, '▶');
  return lay([...lanes, [start + 1, arrow]]);
}

function lay(parts: [column: number, text: string][]): string {
  const cells = Array.from({ length: LANES_WIDTH }, () => ' ');
  for (const [column, text] of parts) cells.splice(column, text.length, ...text);
  return cells.join('');
}
