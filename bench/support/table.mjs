/** Tables of text, for the terminal and for Markdown. */

/** A number with as many digits as say something. */
export function show(value) {
  if (value === undefined || value === null) return '–';
  if (typeof value !== 'number') return `${value}`;
  if (!Number.isFinite(value)) return '–';
  if (Number.isInteger(value)) return value.toLocaleString('en-US');
  const digits = Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** @param table - `{ title, columns, rows }`; the first column holds names. */
export function drawTable({ title, columns, rows }) {
  const lines = [columns, ...rows].map((row) => row.map(show));
  const widths = columns.map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const draw = (line) =>
    line.map((cell, column) => (column ? cell.padStart(widths[column]) : cell.padEnd(widths[0]))).join('  ');
  return [title, '', ...lines.map(draw)].join('\n');
}

export function markdownTable({ title, columns, rows }) {
  const line = (cells) => `| ${cells.map(show).join(' | ')} |`;
  const rule = columns.map((_, column) => (column ? '--:' : '---'));
  return [`**${title}**`, '', line(columns), line(rule), ...rows.map(line)].join('\n');
}
