// @vitest-environment jsdom
/** The cards of the managers. */
import { expect, test } from 'vitest';
import { cards } from '../../src/devtools/cards.ts';
import { render } from '../../src/devtools/dom.ts';
import type { ManagerState } from '../../src/devtools/managers.ts';

const manager: ManagerState = {
  number: 1,
  status: 'signed-in',
  store: 'web shop',
  allow: ['https://a', '/b'],
};

function draw(...managers: ManagerState[]) {
  const root = document.createElement('div');
  render(
    cards(managers, (number) => `shop ${number}`, 1_000),
    root,
  );
  return root;
}
const factsOf = (root: Element) =>
  Object.fromEntries(
    [...root.querySelectorAll('dl div')].map((fact) => [...fact.children].map((one) => one.textContent)),
  );

test('each manager has a card with its name and its status', () => {
  const titles = draw(manager, { ...manager, number: 2, status: 'closed' }).querySelectorAll('h3');
  expect([...titles].map(({ textContent }) => textContent)).toEqual(['shop 1 signed in', 'shop 2 closed']);
});

test('it says where the session is kept, and what may carry its token', () => {
  expect(factsOf(draw({ ...manager, sessionId: '0123456789' }))).toEqual({
    session: '01234567…',
    store: 'web shop',
    'may carry the token': 'https://a, /b',
  });
});

test('it says how the last session ended, and that another tab did it', () => {
  const end = { reason: 'ended', elsewhere: true, at: 0 };
  expect(factsOf(draw({ ...manager, end }))['last end']).toMatch(
    /ended by the authorization server, elsewhere$/,
  );
});

test('it says when a refresh is tried again, while that is still to come', () => {
  expect(factsOf(draw({ ...manager, retryAt: 31_000 }))['next refresh']).toBe('in 0:30 at the earliest');
  expect(factsOf(draw({ ...manager, retryAt: 500 }))['next refresh']).toBeUndefined();
});

test('it shows the life of the token', () => {
  const life = { issuedAt: 0, aheadAt: 1, waitAt: 2, expiresAt: 61_000 };
  expect(draw({ ...manager, life }).querySelector('.life')?.textContent).toMatch(/^ends in 1:00/);
});
