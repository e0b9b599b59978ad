/** The time line: lanes side by side, and a line for each step between them. */
import { h, once, type VNode } from './dom.ts';
import { lanes, type Row, timeOf } from './row.ts';
import { type NameOf, pathOf } from './text.ts';

/** The width of a lane. */
const WIDTH = 76;
const middle = (lane: number) => lane * WIDTH + WIDTH / 2;

/** An arrow, or a dot for what happens within one lane. */
function arrow({ from, to, tone }: Row): VNode {
  const [start, end] = [middle(from), middle(to)];
  const tip = end + (end > start ? -7 : 7);
  const drawn =
    from === to
      ? [h('circle', { cx: start, cy: 12, r: 4 })]
      : [
          h('path', { class: 'shaft', d: `M${start} 12H${end}` }),
          h('path', { d: `M${end} 12L${tip} 8V16Z` }),
        ];
  const rails = lanes.map((_, lane) => h('path', { class: 'rail', d: `M${middle(lane)} 0V24` }));
  const box = { viewBox: `0 0 ${lanes.length * WIDTH} 24`, 'aria-hidden': 'true' };
  return h('svg', { ...box, class: `lanes ${tone}` }, rails, drawn);
}

/** @returns A function that draws these lines; `isFiltered`: others are left out. */
export function createTimeLine(nameOf: NameOf): (rows: readonly Row[], isFiltered: boolean) => VNode {
  const line = once((row: Row) =>
    h(
      'li',
      { class: row.tone },
      h('time', null, timeOf(row.at)),
      h('b', null, row.letter),
      arrow(row),
      h('span', { class: 'unseen' }, ` ${pathOf(row)}: `),
      h('span', { class: 'what' }, row.text),
      row.manager !== undefined && h('span', { class: 'who' }, ` ${nameOf(row.manager)}`),
    ),
  );

  const heads = lanes.map((name) => h('span', null, name));
  return (rows, isFiltered) =>
    h(
      'div',
      { class: 'steps', role: 'region', tabIndex: 0, 'aria-label': 'Steps, the newest last' },
      h('div', { class: 'heads', 'aria-hidden': 'true' }, heads),
      rows.length
        ? h(
            'ol',
            { role: 'list' },
            rows.map((row) => line(row.id, row)),
          )
        : h('p', null, isFiltered ? 'No step fits the filter.' : 'No step yet.'),
    );
}
