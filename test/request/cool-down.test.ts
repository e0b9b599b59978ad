import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CoolDown } from '../../src/request/cool-down.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const placeOf = (name: string) => ({ method: 'GET', target: { place: `https://api.example.com/${name}` } });
const A = placeOf('a');
const B = placeOf('b');
const isMarked = (coolDown: CoolDown, token: string, place: typeof A) =>
  coolDown.until(token, place) > Date.now();
const pass = (seconds: number) => void vi.advanceTimersByTime(seconds * 1_000);

describe('R23: a mark', () => {
  test('is set by nothing but a refusal', () => {
    const coolDown = new CoolDown();
    coolDown.lift('t1', A);
    expect(isMarked(coolDown, 't1', A)).toBe(false);
  });

  test('holds for the token anywhere and for the place with any token', () => {
    const coolDown = new CoolDown();
    coolDown.mark('t1', A);
    expect(isMarked(coolDown, 't1', B)).toBe(true);
    expect(isMarked(coolDown, 't2', A)).toBe(true);
    expect(isMarked(coolDown, 't2', B)).toBe(false);
  });

  test('lasts 10 s, doubled each time up to a minute', () => {
    const coolDown = new CoolDown();
    for (const seconds of [10, 20, 40, 60, 60]) {
      coolDown.mark('t1', A);
      pass(seconds - 0.001);
      expect([isMarked(coolDown, 't1', B), isMarked(coolDown, 't2', A)]).toEqual([true, true]);
      pass(0.001);
      expect([isMarked(coolDown, 't1', B), isMarked(coolDown, 't2', A)]).toEqual([false, false]);
    }
  });

  test('counts a burst of refusals as one', () => {
    const coolDown = new CoolDown();
    for (let n = 0; n < 50; n++) coolDown.mark('t1', A);
    pass(10);
    expect(isMarked(coolDown, 't1', A)).toBe(false);
  });

  test('of the token grows when the next token is refused as well', () => {
    const coolDown = new CoolDown();
    coolDown.mark('t1', A);
    coolDown.mark('t2', B);
    expect(isMarked(coolDown, 't1', placeOf('elsewhere'))).toBe(false);
    pass(19.999);
    expect(isMarked(coolDown, 't2', placeOf('elsewhere'))).toBe(true);
  });
});

describe('R23: an acceptance', () => {
  test('anywhere lifts the mark of its token, but that of a place only there', () => {
    const coolDown = new CoolDown();
    coolDown.mark('t1', A);
    coolDown.lift('t1', B);
    expect([isMarked(coolDown, 't1', B), isMarked(coolDown, 't1', A)]).toEqual([false, true]);
    coolDown.lift('t1', A);
    expect(isMarked(coolDown, 't1', A)).toBe(false);
  });

  test('of another token leaves the mark, and forgets its length once it is over', () => {
    const coolDown = new CoolDown();
    coolDown.mark('t1', A);
    coolDown.lift('t0', B);
    expect(isMarked(coolDown, 't1', B)).toBe(true);
    pass(10);
    coolDown.lift('t2', B);
    coolDown.mark('t2', B);
    pass(10);
    expect(isMarked(coolDown, 't2', placeOf('elsewhere'))).toBe(false);
  });

  test('at a place starts its lengths anew', () => {
    const coolDown = new CoolDown();
    coolDown.mark('t1', A);
    coolDown.lift('t1', A);
    coolDown.mark('t2', A);
    pass(10);
    expect(isMarked(coolDown, 't1', A)).toBe(false);
  });
});

test('a server that refuses everywhere does not fill the memory: the marks of a thousand places are dropped', () => {
  const coolDown = new CoolDown();
  for (let n = 0; n < 999; n++) coolDown.mark('t1', placeOf(`${n}`));
  expect(isMarked(coolDown, 't2', placeOf('0'))).toBe(true);
  coolDown.mark('t1', A);
  expect([isMarked(coolDown, 't2', placeOf('0')), isMarked(coolDown, 't2', A)]).toEqual([false, true]);
});
