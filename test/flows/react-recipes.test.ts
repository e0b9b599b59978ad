// @vitest-environment jsdom
/** The code of docs/react.md for context, run as it stands there; its first example is run in a browser. */
import type { TokenManager } from 'evertoken';
import * as hooks from 'evertoken/react';
import { act, createElement, type FunctionComponent } from 'react';
import * as jsx from 'react/jsx-runtime';
import { expect, test, vi } from 'vitest';
import { createAuth, render, tokensOf } from '../support/react.ts';
import { runRecipe } from '../support/recipe.ts';

test('docs/react.md, with context: a bar for whoever is signed in, and a link for the others', async () => {
  const { App } = runRecipe<{ App: FunctionComponent<{ auth: TokenManager }> }>(
    'docs/react.md',
    'With context',
    {},
    { 'evertoken/react': hooks, 'react/jsx-runtime': jsx },
  );
  const { auth, answer } = createAuth();
  const { text, container } = await render(createElement(App, { auth }));
  await act(() => auth.signIn(tokensOf()));
  expect(text()).toBe('Zoë Sign out');
  answer.refresh = () => Promise.reject(new Error('offline'));
  await act(() => auth.refresh().catch(() => {}));
  expect(text()).toBe('Zoë reconnecting …Sign out');
  await act(async () => container.querySelector('button')?.click());
  await vi.waitFor(() => expect(text()).toBe('Sign in local'));
});
