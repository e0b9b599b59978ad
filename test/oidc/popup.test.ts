/** A popup and the page that opened it. */
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { handOver, openPopup, parametersFrom } from '../../src/oidc/popup.ts';

let popup: { closed: boolean };
let page: { hasFocus: () => boolean; isFocused: boolean };
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  popup = { closed: false };
  page = { isFocused: true, hasFocus: () => page.isFocused };
  vi.stubGlobal('document', page);
  vi.stubGlobal('close', vi.fn());
});

/** What has become of it by now. */
function watch<T>(promise: Promise<T>) {
  const seen: { outcome?: unknown } = {};
  promise.then(
    (value) => Object.assign(seen, { outcome: `${value}` }),
    (error) => Object.assign(seen, { outcome: error.code }),
  );
  return seen;
}
const wait = (state: string) => watch(parametersFrom(popup as Window, state));
/** Messages come in real time. */
async function settle(ms: number): Promise<void> {
  for (let step = 0; step < ms; step += 100) {
    await vi.advanceTimersByTimeAsync(100);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a sign-in in a popup', () => {
  test('hands its callback to the page that waits for this state, and to no other; then the window closes', async () => {
    const [mine, other] = [wait('mine'), wait('other')];
    const sent = watch(handOver(new URLSearchParams({ code: 'c', state: 'mine' }), 'mine'));
    await vi.waitFor(async () => {
      await settle(200);
      expect(mine.outcome).toBe('code=c&state=mine');
    });
    expect(other.outcome).toBeUndefined();
    expect(sent.outcome).toBeUndefined();
    expect(close).toHaveBeenCalledOnce();
    // Somebody may have made up such a link: the app does not wait for ever.
    await settle(1_000);
    expect(sent.outcome).toBe('unknown-state');
    popup.closed = true;
    await settle(1_000);
  });

  test('ends when the user closes the window', async () => {
    const seen = wait('closed');
    await settle(2_000);
    expect(seen.outcome).toBeUndefined();
    popup.closed = true;
    await settle(1_000);
    expect(seen.outcome).toBe('popup-closed');
  });

  test('goes on where a server’s page has cut the window off, so that it looks closed', async () => {
    const seen = wait('cut');
    popup.closed = true;
    page.isFocused = false;
    await settle(5_000);
    expect(seen.outcome).toBeUndefined();
    page.isFocused = true;
    await settle(1_000);
    expect(seen.outcome).toBe('popup-closed');
  });
});

test('the window cannot reach the page that opened it', () => {
  const opened = { opener: globalThis };
  vi.stubGlobal('open', () => opened);
  expect(openPopup()).toBe(opened);
  expect(opened.opener).toBeNull();
});

test('the two talk on a channel that no other part of the app has, whatever the state', async () => {
  const names: string[] = [];
  class Channel {
    constructor(name: string) {
      names.push(name);
    }
    postMessage() {}
    close() {}
  }
  vi.stubGlobal('BroadcastChannel', Channel);
  const sent = watch(handOver(new URLSearchParams(), 'app-news.popup'));
  wait('app-news.popup');
  await settle(2_000);
  expect([names, sent.outcome]).toEqual([Array(2).fill('evertoken.oidc.app-news.popup'), 'unknown-state']);
});

test.each([
  ['that the browser does not open', () => null],
  ['where there is no page', undefined],
])('a window %s is an error', (_what, open) => {
  vi.stubGlobal('open', open);
  expect(openPopup).toThrow(expect.objectContaining({ code: 'popup-blocked' }));
});

test('a state that somebody made up is unknown where there is no window, and leaves nothing open', async () => {
  const ends: string[] = [];
  class Channel {
    postMessage() {
      ends.push('told');
    }
    close() {
      ends.push('closed');
    }
  }
  vi.stubGlobal('BroadcastChannel', Channel);
  vi.stubGlobal('close', undefined);
  const sent = watch(handOver(new URLSearchParams(), 'forged.popup'));
  await settle(1_500);
  expect([sent.outcome, ...ends]).toEqual(['unknown-state', 'told', 'closed']);
});
