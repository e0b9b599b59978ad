// @vitest-environment jsdom
/** What the panel needs of its page. */
import { afterEach, expect, test, vi } from 'vitest';
import { append, copy, everySecond, inAMoment, isPage } from '../../src/devtools/page.ts';

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('a server is no page', () => {
  expect(isPage()).toBe(true);
  vi.stubGlobal('customElements', undefined);
  expect(isPage()).toBe(false);
});

test('an element is prepared before it is in the page', () => {
  const parent = document.createElement('div');
  const seen: unknown[] = [];
  const element = append('p', parent, { theme: 'dark' }, (made) =>
    seen.push(made.parentNode, made.getAttribute('theme')),
  );
  expect(seen).toEqual([null, 'dark']);
  expect(parent.firstChild).toBe(element);
});

test('a task runs each second while the page is seen, until it is undone', () => {
  vi.useFakeTimers();
  const task = vi.fn();
  const undo = everySecond(task);
  vi.advanceTimersByTime(3_000);
  expect(task).toHaveBeenCalledTimes(3);
  const hidden = vi.spyOn(document, 'hidden', 'get').mockReturnValue(true);
  vi.advanceTimersByTime(3_000);
  expect(task).toHaveBeenCalledTimes(3);
  hidden.mockReturnValue(false);
  undo();
  vi.advanceTimersByTime(3_000);
  expect(task).toHaveBeenCalledTimes(3);
});

test('a task that is asked for many times runs once in a moment, and again later', () => {
  vi.useFakeTimers();
  const task = vi.fn();
  const ask = inAMoment(task);
  for (let count = 0; count < 5; count++) ask();
  expect(task).not.toHaveBeenCalled();
  vi.advanceTimersByTime(20);
  expect(task).toHaveBeenCalledOnce();
  ask();
  vi.advanceTimersByTime(20);
  expect(task).toHaveBeenCalledTimes(2);
});

test('a browser may refuse the clipboard, or have none', async () => {
  expect(await copy('x')).toBe(false);
  const writeText = vi.fn(async () => {});
  vi.stubGlobal('navigator', { clipboard: { writeText } });
  expect(await copy('x')).toBe(true);
  expect(writeText).toHaveBeenCalledWith('x');
  writeText.mockRejectedValue(new Error('denied'));
  expect(await copy('x')).toBe(false);
});
