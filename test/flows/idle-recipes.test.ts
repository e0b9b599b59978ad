// @vitest-environment jsdom
/** The code of docs/idle.md, run as it stands there. */
import type { TokenManager } from 'evertoken';
import * as idle from 'evertoken/idle';
import { expect, onTestFinished, test, vi } from 'vitest';
import { minute, second, usePage } from '../support/idle.ts';
import { createAuth, tokensOf } from '../support/react.ts';
import { runRecipe } from '../support/recipe.ts';

const run = <T>(heading: string) => runRecipe<T>('docs/idle.md', heading, {}, { 'evertoken/idle': idle });

test('docs/idle.md: the dialog counts down, is gone when the user is back, and with the session', async () => {
  const { pass, act } = usePage();
  const dialog = document.createElement('dialog');
  document.body.append(dialog);
  Object.assign(dialog, {
    showModal: () => dialog.setAttribute('open', ''),
    close: () => dialog.removeAttribute('open'),
  });
  const { auth, stop } = run<{ auth: TokenManager; stop: () => void }>('');
  onTestFinished(() => {
    stop();
    auth.close();
    dialog.remove();
  });
  await auth.signIn({ ...tokensOf(), expires_in: 86_400 });
  await pass(14 * minute + second);
  expect(dialog.hasAttribute('open')).toBe(true);
  expect(dialog.textContent).toBe('Are you still there? Signing out in 59 s.');
  await act();
  expect(dialog.hasAttribute('open')).toBe(false);
  await pass(15 * minute - second);
  expect([auth.status, dialog.hasAttribute('open')]).toEqual(['signed-in', true]);
  await pass(2 * second);
  expect([auth.status, dialog.hasAttribute('open')]).toEqual(['signed-out', false]);
});

test('docs/idle.md: whoever is signed out is told why', async () => {
  const { pass, act } = usePage();
  type Leave = (auth: TokenManager, tell: (why: string) => void) => () => void;
  const { leaveWhenIdle } = run<{ leaveWhenIdle: Leave }>('Saying why');
  const { auth } = createAuth();
  const tell = vi.fn();
  onTestFinished(leaveWhenIdle(auth, tell));

  await auth.signIn(tokensOf());
  await pass(16 * minute);
  await auth.signIn(tokensOf());
  await auth.signOut();
  await auth.signIn(tokensOf());
  for (let times = 0; times < 24 * 6; times++) {
    await pass(10 * minute);
    await act();
  }
  await pass(second);
  expect(tell.mock.calls.flat()).toEqual([
    'You were signed out because you were away.',
    'You are signed out.',
    'Sign in again: a day has passed.',
  ]);
});
