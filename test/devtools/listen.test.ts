/** R73: a tool hears what was told before it came, and takes nothing away from others. */
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Step } from '../../src/development.ts';
import { listen } from '../../src/devtools/listen.ts';
import { devtools, forgetSteps, tell } from '../support/steps.ts';

beforeEach(() => void forgetSteps());

const world = globalThis as Record<symbol, unknown>;
const ear = () => {
  const heard: string[] = [];
  return { heard, hear: ({ step }: Step) => void heard.push(step) };
};

describe('whoever listens hears', () => {
  test('what is still kept, and what comes', () => {
    tell('created');
    const { heard, hear } = ear();
    listen(hear);
    expect(heard).toEqual(['created']);
    tell('closed');
    expect(heard).toEqual(['created', 'closed']);
  });

  test('nothing after its undo, and a panel that comes then hears everything', () => {
    const { heard, hear } = ear();
    listen(hear)();
    tell('created');
    expect(heard).toEqual([]);
    const later = ear();
    listen(later.hear);
    expect(later.heard).toEqual(['created']);
  });

  test('the same as another panel, whichever of them leaves first', () => {
    const [one, two] = [ear(), ear()];
    const leave = listen(one.hear);
    const leaveLater = listen(two.hear);
    tell('created');
    leave();
    tell('closed');
    expect([one.heard, two.heard]).toEqual([['created'], ['created', 'closed']]);
    leaveLater();
    tell('created');
    expect(two.heard).toHaveLength(2);
  });
});

test('a tool of another kind that was there goes on being told', () => {
  const push = vi.fn();
  world[devtools] = { push };
  const { heard, hear } = ear();
  const leave = listen(hear);
  tell('created');
  leave();
  tell('closed');
  expect(push.mock.calls.flat()).toMatchObject([{ step: 'created' }, { step: 'closed' }]);
  expect(heard).toEqual(['created']);
});

test('what is kept stays bounded, because it is still the array that the managers fill', () => {
  tell('created');
  const kept = world[devtools];
  listen(() => {});
  expect(world[devtools]).toBe(kept);
  expect(Array.isArray(kept)).toBe(true);
});
