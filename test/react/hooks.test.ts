// @vitest-environment jsdom
/** The hooks and components of `evertoken/react`, in components. */
import { memoryStore, TokenError, type TokenEvents, type TokenManager, tokenStore } from 'evertoken';
import { AuthProvider, RequireSession, useAuth, useSession, useTokenEvent } from 'evertoken/react';
import { act, createElement as h, type ReactNode, Suspense, startTransition, useState } from 'react';
import { renderToString } from 'react-dom/server';
import { describe, expect, test, vi } from 'vitest';
import { counting, createAuth, expectSilence, render, tokensOf } from '../support/react.ts';

const ended = async () => {
  throw new TokenError('session-ended');
};

/** Shows a session, and writes down each time it is rendered. */
function createScreen(auth?: TokenManager) {
  const rendered: string[] = [];
  const Screen = () => {
    const { status, reconnecting, reason, elsewhere, claims } = useSession(auth);
    const words = [status, claims.name, reconnecting && 'reconnecting', reason, elsewhere && 'elsewhere'];
    const text = words.filter(Boolean).join(' ');
    rendered.push(text);
    return h('p', null, text);
  };
  return { Screen, rendered };
}

describe('useSession', () => {
  test('a reload of a page that is signed in shows no login page: unknown, then signed in', async () => {
    const store = memoryStore();
    await createAuth({ store }).auth.signIn(tokensOf());
    const { auth } = createAuth({ store });
    const { Screen, rendered } = createScreen(auth);
    await render(h(Screen));
    await vi.waitFor(() => expect(rendered).toEqual(['unknown', 'signed-in Zoë']));
  });

  test('twenty refreshes with new ID tokens render nothing again', async () => {
    const { auth } = createAuth();
    await auth.signIn(tokensOf());
    const { Screen, rendered } = createScreen(auth);
    await render(h(Screen));
    for (let times = 0; times < 20; times++) await act(() => auth.refresh());
    expect(rendered).toEqual(['signed-in Zoë']);
  });

  test('a second tab tells an expired session from a sign-out, and the tab itself knows its own', async () => {
    const store = memoryStore();
    const [first, second] = [createAuth({ store }), createAuth({ store })];
    const [own, other] = [createScreen(first.auth), createScreen(second.auth)];
    const screens = await render([h(own.Screen, { key: 1 }), h(other.Screen, { key: 2 })]);
    const shows = (text: string) => vi.waitFor(() => act(async () => expect(screens.text()).toBe(text)));
    await act(() => first.auth.signIn(tokensOf()));
    await shows('signed-in Zoësigned-in Zoë');
    await act(() => first.auth.signOut());
    await shows('signed-out localsigned-out local elsewhere');
    await act(() => second.auth.signIn(tokensOf()));
    await shows('signed-in Zoësigned-in Zoë');
    first.answer.refresh = ended;
    await act(async () => void (await first.auth.refresh().catch(() => {})));
    await shows('signed-out endedsigned-out ended elsewhere');
  });

  test('reconnecting is shown from a refresh that failed to one that worked', async () => {
    const { auth, answer } = createAuth();
    await auth.signIn(tokensOf());
    const { Screen, rendered } = createScreen(auth);
    await render(h(Screen));
    answer.refresh = async () => {
      throw new Error('offline');
    };
    await act(async () => void (await auth.refresh().catch(() => {})));
    answer.refresh = async () => tokensOf();
    await act(() => auth.refresh());
    expect(rendered).toEqual(['signed-in Zoë', 'signed-in Zoë reconnecting', 'signed-in Zoë']);
  });

  test('another manager in its place is watched, and the one before is not', async () => {
    const [one, other] = [counting(createAuth().auth), counting(createAuth().auth)];
    await other.auth.signIn(tokensOf({ name: 'Ada' }));
    const Screen = ({ auth }: { auth: TokenManager }) =>
      h('p', null, useSession(auth).claims.name ?? 'nobody');
    const { text, rerender } = await render(h(Screen, { auth: one.auth }));
    expect(text()).toBe('nobody');
    await rerender(h(Screen, { auth: other.auth }));
    expect(text()).toBe('Ada');
    expect(one.counts.listeners).toBe(0);
    expect(other.counts.listeners).toBeGreaterThan(0);
  });

  test('a session that ends within a transition tears nothing: all components show the same', async () => {
    const { auth } = createAuth();
    await auth.signIn(tokensOf());
    const seen: string[] = [];
    const Part = () => h('i', null, `${useSession(auth).status} `);
    let go = () => {};
    const App = () => {
      const [count, setCount] = useState(0);
      go = () => setCount((before) => before + 1);
      return Array.from({ length: 5 }, (_, key) => h(Part, { key: `${key} ${count}` }));
    };
    const { text } = await render(h(App));
    await act(async () => {
      startTransition(() => go());
      const ending = auth.signOut();
      startTransition(() => go());
      await ending;
      seen.push(text() ?? '');
    });
    seen.push(text() ?? '');
    for (const shown of seen) expect(new Set(shown.trim().split(' ')).size).toBe(1);
    expect(seen.at(-1)).toBe('signed-out '.repeat(5));
  });

  test.for<[string, () => ReactNode]>([
    ['useSession', () => void useSession()],
    ['useAuth', () => void useAuth()],
    ['useTokenEvent', () => void useTokenEvent(undefined, '*', () => {})],
    ['AuthProvider', () => h(AuthProvider, { auth: undefined as never })],
    ['RequireSession', () => h(RequireSession, { fallback: null })],
  ])('a TypeError says what to do where there is no manager: %s', ([, Wrong]) => {
    expect(() => renderToString(h(Wrong))).toThrow(
      /^evertoken\/react: there is no manager\. Hand over .* <AuthProvider auth={auth}> around the component\.$/,
    );
    expect(() => renderToString(h(Wrong))).toThrow(TypeError);
  });
});

describe('AuthProvider', () => {
  test('gives its manager to the components inside, and the innermost counts', async () => {
    const { auth } = createAuth();
    await auth.signIn(tokensOf());
    const { Screen, rendered } = createScreen();
    let found: TokenManager | undefined;
    const Finder = () => {
      found = useAuth();
      return null;
    };
    await render(
      h(AuthProvider, { auth: createAuth().auth }, h(AuthProvider, { auth }, h(Screen), h(Finder))),
    );
    expect(rendered).toEqual(['signed-in Zoë']);
    expect(found).toBe(auth);
  });

  test('a component that is mounted after the end knows the reason', async () => {
    const { auth, answer } = createAuth();
    await auth.signIn(tokensOf());
    const { Screen, rendered } = createScreen();
    const { rerender } = await render(h(AuthProvider, { auth }));
    answer.refresh = ended;
    await act(async () => void (await auth.refresh().catch(() => {})));
    await rerender(h(AuthProvider, { auth }, h(Screen)));
    expect(rendered).toEqual(['signed-out ended']);
  });
});

describe('RequireSession', () => {
  const guard = (auth: TokenManager, Inside: () => ReactNode) =>
    h(
      RequireSession,
      { auth, pending: 'a skeleton', fallback: ({ reason = 'nobody yet' }) => `login: ${reason}` },
      h(Inside),
    );

  test('shows the skeleton, then what is inside, then the login page with the reason', async () => {
    const store = memoryStore();
    await createAuth({ store }).auth.signIn(tokensOf());
    const { auth, answer } = createAuth({ store });
    const Inside = vi.fn(() => 'the app');
    // The store has not answered yet.
    expect(auth.status).toBe('unknown');
    const { text } = await render(guard(auth, Inside));
    await vi.waitFor(() => expect(text()).toBe('the app'));
    answer.refresh = ended;
    Inside.mockClear();
    await act(async () => void (await auth.refresh().catch(() => {})));
    expect(text()).toBe('login: ended');
    expect(Inside).not.toHaveBeenCalled();
  });

  test('shows a skeleton while it is not known who is signed in', async () => {
    const never = () => new Promise<never>(() => {});
    const { auth } = createAuth({ store: tokenStore({ read: never, replace: never }) });
    const Inside = vi.fn(() => 'the app');
    const { text } = await render(guard(auth, Inside));
    expect(text()).toBe('a skeleton');
    expect(Inside).not.toHaveBeenCalled();
  });

  test('a fallback may be a node, and without `pending` nothing is shown', async () => {
    const { auth } = createAuth();
    const { text } = await render(
      h(AuthProvider, { auth }, h(RequireSession, { fallback: h('p', null, 'login') }, 'the app')),
    );
    expect(text()).toBe('login');
    await act(() => auth.signIn(tokensOf()));
    expect(text()).toBe('the app');
  });

  test('what suspends inside goes on where it was, over refreshes', async () => {
    const { auth } = createAuth();
    await auth.signIn(tokensOf());
    const loaded = Promise.withResolvers<void>();
    let isLoaded = false;
    const Data = () => {
      useSession(auth);
      if (!isLoaded) throw loaded.promise;
      return 'the data';
    };
    const { text } = await render(h(Suspense, { fallback: 'loading' }, guard(auth, Data)));
    expect(text()).toBe('loading');
    await act(() => auth.refresh());
    await act(async () => {
      isLoaded = true;
      loaded.resolve();
    });
    expect(text()).toBe('the data');
  });
});

describe('useTokenEvent', () => {
  test('the newest listener hears, once, as long as the component is mounted', async () => {
    const { auth, counts } = counting(createAuth().auth);
    const heard: unknown[] = [];
    const Listener = ({ name }: { name: string }) => {
      useTokenEvent(auth, 'signed-out', ({ reason }) => heard.push([name, reason]));
      return null;
    };
    const { rerender, unmount } = await render(h(Listener, { name: 'first' }));
    await rerender(h(Listener, { name: 'second' }));
    expect(counts.listeners).toBe(1);
    await auth.signIn(tokensOf());
    await auth.signOut();
    expect(heard).toEqual([['second', 'local']]);
    await unmount();
    expect(counts.listeners).toBe(0);
    await auth.signIn(tokensOf());
    await auth.signOut();
    expect(heard).toHaveLength(1);
  });

  test('a star hears all events, each with its payload, of the manager around it', async () => {
    const { auth } = createAuth();
    const heard: [keyof TokenEvents, object][] = [];
    const Listener = () => {
      useTokenEvent(undefined, '*', (event, payload) => heard.push([event, payload]));
      return null;
    };
    await render(h(AuthProvider, { auth }, h(Listener)));
    await auth.signIn(tokensOf());
    await auth.signOut();
    expect(heard).toMatchObject([
      ['signed-in', { cause: 'local' }],
      ['signed-out', { reason: 'local' }],
    ]);
  });

  test('a listener that throws harms nobody', async () => {
    expectSilence();
    const { auth } = createAuth();
    const report = vi.fn();
    vi.stubGlobal('reportError', report);
    const Listener = () => {
      useTokenEvent(auth, 'signed-in', () => {
        throw new Error('mine');
      });
      return h('p', null, useSession(auth).status);
    };
    const { text } = await render(h(Listener));
    await act(() => auth.signIn(tokensOf()));
    expect(text()).toBe('signed-in');
    expect(report).toHaveBeenCalledTimes(1);
  });
});
