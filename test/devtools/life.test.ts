// @vitest-environment jsdom
/** The bar of a token's life. */
import { describe, expect, test } from 'vitest';
import { render } from '../../src/devtools/dom.ts';
import { lengthOf, lifeBar, lifeText } from '../../src/devtools/life.ts';

const life = { issuedAt: 0, aheadAt: 240_000, waitAt: 290_000, expiresAt: 300_000 };

describe('in words', () => {
  test.for([
    [60_000, 'ends in 4:00 of 5:00; refreshed from 4:00 on, waited for from 4:50 on'],
    [310_000, 'ended 0:10 ago; refreshed from 4:00 on, waited for from 4:50 on'],
  ] as const)('after %i ms', ([now, text]) => {
    expect(lifeText(life, now)).toBe(text);
  });

  test('of a token whose lifetime nobody knows', () => {
    expect(lifeText({ issuedAt: 0 }, 65_000)).toBe('1:05 old; nobody knows when it ends');
  });

  test('where the server alone judges expiry', () => {
    expect(lifeText({ issuedAt: 0, expiresAt: 300_000 }, 0)).toContain('the server alone judges expiry');
  });

  test('lengths', () => {
    expect([0, 59_400, 61_000, 3_600_000, -5_000].map(lengthOf)).toEqual([
      '0:00',
      '0:59',
      '1:01',
      '60:00',
      '-0:05',
    ]);
  });
});

describe('drawn', () => {
  const draw = (of: Parameters<typeof lifeBar>[0], now: number) => {
    const root = document.createElement('div');
    render(lifeBar(of, now), root);
    return root;
  };
  const partOf = (root: Element, name: string) => {
    const part = root.querySelector(`.${name}`);
    return [Number(part?.getAttribute('x')), Number(part?.getAttribute('width'))];
  };

  test('the margins are marked at their places, of a thousand', () => {
    const bar = draw(life, 150_000);
    expect(['good', 'ahead', 'wait', 'past'].map((name) => partOf(bar, name))).toEqual([
      [0, 800],
      [800, 167],
      [967, 33],
      [0, 500],
    ]);
    expect(partOf(bar, 'now')[0]).toBe(500);
  });

  test('a token that is over does not leave the bar, and one of no length divides by nothing', () => {
    expect(partOf(draw(life, 900_000), 'past')).toEqual([0, 1_000]);
    expect(partOf(draw(life, -5_000), 'now')[0]).toBe(0);
    const empty = { issuedAt: 5, aheadAt: 5, waitAt: 5, expiresAt: 5 };
    expect(draw(empty, 5).innerHTML).not.toContain('NaN');
  });

  test('a screen reader gets the words alone', () => {
    expect(draw(life, 0).querySelector('svg')?.getAttribute('aria-hidden')).toBe('true');
    expect(draw({ issuedAt: 0 }, 0).querySelector('svg')).toBeNull();
  });
});
