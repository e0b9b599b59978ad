/** R8: with a cookie only the server knows who is signed in: until it has answered, `status` is `unknown`. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { come, pass, stubBrowser, useBrowserClock } from '../support/browser.ts';
import { createCookieWorld } from '../support/cookie-world.ts';

beforeEach(useBrowserClock);
afterEach(() => void vi.useRealTimers());

test.each([
  ['is closed', true],
  ['stays open', false],
])(
  'R8: after a sign-out and a login by the server alone a new page is never signed out in between (the old page %s)',
  async (_what, isClosed) => {
    stubBrowser();
    const { login, open } = createCookieWorld({ ms: 200 });
    login();
    const before = open();
    await come(before.auth.ready);
    await come(before.auth.signOut());
    expect(before.auth.status).toBe('signed-out');
    if (isClosed) before.auth.close();
    login();

    const { auth } = open();
    const seen: string[] = [auth.status];
    auth.subscribe(() => void seen.push(auth.status));
    await pass();
    seen.push(auth.status);
    const ready = auth.ready;
    await pass(100);
    seen.push(auth.status);
    await come(ready);
    expect([...new Set(seen)]).toEqual(['unknown', 'signed-in']);
    expect(auth.status).toBe('signed-in');
  },
);
