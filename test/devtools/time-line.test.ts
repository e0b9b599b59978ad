// @vitest-environment jsdom
/** The time line. */
import { expect, test } from 'vitest';
import { render } from '../../src/devtools/dom.ts';
import { type Row, rowOf } from '../../src/devtools/row.ts';
import { createTimeLine } from '../../src/devtools/time-line.ts';
import { stepOf } from '../support/steps.ts';

const rows = ['sent', 'refused', 'refresh'].map((step, id) => rowOf(stepOf(step, { url: '/x' }), id) as Row);

function draw(shown: readonly Row[], isFiltered = false) {
  const root = document.createElement('div');
  const timeLine = createTimeLine(() => 'shop');
  const show = (next: readonly Row[]) => render(timeLine(next, isFiltered), root);
  show(shown);
  return { root, show, items: () => [...root.querySelectorAll('li')] };
}

test('each line says to a screen reader who sends it to whom, and what', () => {
  const [line] = draw(rows).items();
  expect(line?.querySelector('b')?.textContent).toBe('C');
  expect(line?.textContent).toMatch(/this page to API: \/x shop$/);
  expect(line?.querySelector('svg')?.getAttribute('aria-hidden')).toBe('true');
});

test('an arrow points to the left where the API answers, to the right where it is asked', () => {
  const [sent, refused] = draw(rows).items();
  expect(sent?.querySelector('.shaft')?.getAttribute('d')).toBe('M114 12H266');
  expect(refused?.querySelector('.shaft')?.getAttribute('d')).toBe('M266 12H114');
  expect(refused?.querySelector('svg')?.getAttribute('class')).toBe('lanes bad');
});

test('what happens within a lane is a dot', () => {
  const [line] = draw([rowOf(stepOf('closed'), 1) as Row]).items();
  expect(line?.querySelector('circle')).not.toBeNull();
  expect(line?.querySelector('.shaft')).toBeNull();
});

test('a line that is there already is not drawn anew, and one that was filtered out comes back', () => {
  const { show, items } = draw(rows);
  const [first] = items();
  show(rows.slice(0, 1));
  expect(items()).toEqual([first]);
  show(rows);
  expect(items()).toHaveLength(3);
  expect(items()[0]).toBe(first);
});

test('it can be scrolled with the keyboard, and has a name', () => {
  const region = draw(rows).root.querySelector('[role=region]');
  expect(region?.getAttribute('tabindex')).toBe('0');
  expect(region?.getAttribute('aria-label')).toBe('Steps, the newest last');
});

test('where there is no line it says why', () => {
  expect(draw([]).root.textContent).toContain('No step yet.');
  expect(draw([], true).root.textContent).toContain('No step fits the filter.');
});
