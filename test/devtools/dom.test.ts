// @vitest-environment jsdom
/** How the panel writes to its page. */
import { expect, test } from 'vitest';
import { h, once, render, type VNode } from '../../src/devtools/dom.ts';

test('what is drawn anew keeps its elements, and with them the focus', () => {
  const root = document.createElement('div');
  const draw = (text: string) => render(h('p', { class: 'a' }, h('input', null), text), root);
  draw('one');
  const input = root.querySelector('input');
  draw('two');
  expect(root.querySelector('input')).toBe(input);
  expect(root.textContent).toBe('two');
});

test('a text is never read as HTML', () => {
  const root = document.createElement('div');
  render(h('p', null, '<img src=x onerror=alert(1)>'), root);
  expect(root.querySelector('img')).toBeNull();
});

test('what is drawn once is drawn for another item only, and no node is handed over twice', () => {
  const root = document.createElement('div');
  const drawn: string[] = [];
  const line = once((item: { text: string }) => {
    drawn.push(item.text);
    return h('li', null, item.text);
  });
  const items = [{ text: 'a' }, { text: 'b' }];
  const handed = new Set<VNode>();
  const show = (list: { text: string }[]) => {
    const nodes = list.map((item, key) => line(key, item));
    // One that is kept would keep each tree that it has stood in.
    for (const node of nodes) expect(handed.has(node)).toBe(false);
    for (const node of nodes) handed.add(node);
    render(h('ol', null, nodes), root);
    return [...root.querySelectorAll('li')];
  };
  const first = show(items);
  expect(show(items)).toEqual(first);
  expect(drawn).toEqual(['a', 'b']);
  expect(show([{ text: 'c' }]).map(({ textContent }) => textContent)).toEqual(['c']);
  expect(drawn).toEqual(['a', 'b', 'c']);
});
