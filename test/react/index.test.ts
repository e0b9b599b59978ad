// @vitest-environment jsdom
/** What an app sees of `evertoken/react`: rendered by a server and taken over, in StrictMode, and gone again. */
import { memoryStore } from 'evertoken';
import { AuthProvider, RequireSession, useSession, useTokenEvent } from 'evertoken/react';
import { act, createElement as h, StrictMode, version } from 'react';
import { renderToString } from 'react-dom/server';
import { expect, test, vi } from 'vitest';
import { counting, createAuth, expectSilence, render, tokensOf } from '../support/react.ts';

const expected = process.env['EVERTOKEN_REACT'] ?? '19';

test(`this is React ${expected}`, () => {
  expect(version.split('.')[0]).toBe(expected);
});

const Name = () => h('b', null, useSession().claims.name ?? 'nobody');
const App = ({ auth }: { auth: Parameters<typeof AuthProvider>[0]['auth'] }) =>
  h(
    AuthProvider,
    { auth },
    h(RequireSession, { pending: h('i', null, 'skeleton'), fallback: h('i', null, 'login') }, h(Name)),
  );

test('a server renders the skeleton, whoever is signed in in the page; the page takes over without a word', async () => {
  expectSilence();
  const onServer = createAuth();
  const html = renderToString(h(App, { auth: onServer.auth }));
  expect(html).toBe('<i>skeleton</i>');
  const { auth } = createAuth();
  await auth.signIn(tokensOf());
  const { text } = await render(h(App, { auth }), html);
  expect(text()).toBe('Zoë');
});

test('the page takes over while the store has not answered, and shows no login page', async () => {
  const store = memoryStore();
  await createAuth({ store }).auth.signIn(tokensOf());
  const { auth } = createAuth({ store });
  const html = renderToString(h(App, { auth }));
  const shown: (string | null)[] = [];
  const { container, text } = await render(h(App, { auth }), html);
  const observer = new MutationObserver(() => void shown.push(text()));
  observer.observe(container, { childList: true, subtree: true, characterData: true });
  await vi.waitFor(() => expect(text()).toBe('Zoë'));
  observer.disconnect();
  expect(shown).not.toContain('login');
});

test('a server leaves no listener behind', () => {
  const { auth, counts } = counting(createAuth().auth);
  renderToString(h(App, { auth }));
  expect(counts.listeners).toBe(0);
});

test('StrictMode mounts twice, and nothing is left when all is unmounted', async () => {
  const { auth, counts } = counting(createAuth().auth);
  const heard: string[] = [];
  const Listener = () => {
    useTokenEvent(auth, 'signed-in', ({ cause }) => heard.push(cause));
    return null;
  };
  const { text, unmount } = await render(h(StrictMode, null, h(App, { auth }), h(Listener)));
  expect(text()).toBe('login');
  await act(() => auth.signIn(tokensOf()));
  expect(text()).toBe('Zoë');
  expect(heard).toEqual(['local']);
  await unmount();
  expect(counts.listeners).toBe(0);
});
