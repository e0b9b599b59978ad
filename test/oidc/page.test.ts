/** The page as the client sees it. */
import { describe, expect, test, vi } from 'vitest';
import { currentUrl, leaveFor, pause, replaceUrl } from '../../src/oidc/page.ts';
import { stubAddressBar } from '../support/oidc-server.ts';

describe('in a page', () => {
  test('the URL is read, left and replaced; the state of a router stays', () => {
    const { location, history } = stubAddressBar('https://app.example.com/a');
    expect(currentUrl()).toBe('https://app.example.com/a');
    leaveFor('https://as.example.com/auth');
    expect(location.assign).toHaveBeenCalledWith('https://as.example.com/auth');
    replaceUrl('https://app.example.com/b');
    expect(history.replaceState).toHaveBeenCalledWith({ router: 1 }, '', 'https://app.example.com/b');
    expect(currentUrl()).toBe('https://app.example.com/b');
  });
});

test('outside a page there is no URL', () => {
  expect(currentUrl()).toBeUndefined();
});

test('a pause is as long as it says', async () => {
  vi.useFakeTimers();
  try {
    const seen = vi.fn();
    pause(300).then(seen);
    await vi.advanceTimersByTimeAsync(299);
    expect(seen).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(seen).toHaveBeenCalledOnce();
  } finally {
    vi.useRealTimers();
  }
});
