/** Renders into a page as an app does; whatever React says on the console fails the test. */
import { createTokenManager, type TokenManager, type TokenManagerOptions } from 'evertoken';
import { act, type ReactNode } from 'react';
import { createRoot, hydrateRoot } from 'react-dom/client';
import { expect, onTestFinished, vi } from 'vitest';
import { jwt } from './jwt.ts';

(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;

let number = 0;

/** A token response; each has tokens, and a time, of its own. */
export const tokensOf = (claims: object = { name: 'Zoë' }) => {
  number++;
  const own = { iat: number, exp: number + 60, jti: `${number}`, at_hash: `hash-${number}` };
  return {
    access_token: `access-${number}`,
    refresh_token: `refresh-${number}`,
    id_token: jwt({ ...claims, ...own }),
    expires_in: 3600,
  };
};

/** What counts who listens; otherwise the manager itself. */
export function counting(auth: TokenManager) {
  const counts = { listeners: 0 };
  const count =
    (listen: (...args: never[]) => () => void) =>
    (...args: unknown[]) => {
      const stop = listen(...(args as never[]));
      counts.listeners++;
      return () => {
        counts.listeners--;
        stop();
      };
    };
  const own = { on: { value: count(auth.on) }, subscribe: { value: count(auth.subscribe) } };
  return { auth: Object.create(auth, own) as TokenManager, counts };
}

/** A manager whose refresh does as it is told. */
export function createAuth(options: Partial<TokenManagerOptions> = {}) {
  const answer = { refresh: async (): Promise<unknown> => tokensOf() };
  const auth = createTokenManager({
    refresh: () => answer.refresh(),
    allow: 'https://a.example',
    ...options,
  });
  onTestFinished(() => auth.close());
  return { auth, answer };
}

/** Nothing may stand on the console at the end. */
export function expectSilence(): void {
  const said = (['error', 'warn'] as const).map((method) => vi.spyOn(console, method));
  onTestFinished(() => {
    expect(said.flatMap(({ mock }) => mock.calls)).toEqual([]);
  });
}

/** Renders, or takes over what a server rendered. */
export async function render(element: ReactNode, rendered?: string) {
  expectSilence();
  const container = document.createElement('div');
  if (rendered !== undefined) container.innerHTML = rendered;
  const root = await act(async () => {
    if (rendered !== undefined) return hydrateRoot(container, element);
    const created = createRoot(container);
    created.render(element);
    return created;
  });
  let isMounted = true;
  const unmount = () =>
    act(async () => {
      if (isMounted) root.unmount();
      isMounted = false;
    });
  onTestFinished(unmount);
  return {
    text: () => container.textContent,
    container,
    rerender: (next: ReactNode) => act(async () => root.render(next)),
    unmount,
  };
}
