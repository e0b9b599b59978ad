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

test('a pause that is ended leaves no timer; one that is over leaves the signal as it was', async () => {
  vi.useFakeTimers();
  try {
    const controller = new AbortController();
    const removed = vi.spyOn(controller.signal, 'removeEventListener');
    pause(10, controller.signal);
    await vi.advanceTimersByTimeAsync(10);
    expect(removed).toHaveBeenCalledOnce();
    const seen = vi.fn();
    pause(300, controller.signal).then(seen);
    expect(vi.getTimerCount()).toBe(1);
    controller.abort();
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(seen).not.toHaveBeenCalled();
  } finally {
    vi.useRealTimers();
  }
});

test('a pause of months does not end at once, as it would beyond 2^31-1 ms', async () => {
  vi.useFakeTimers();
  try {
    const seen = vi.fn();
    pause(2 ** 40).then(seen);
    await vi.advanceTimersByTimeAsync(86_400_000);
    expect(seen).not.toHaveBeenCalled();
  } finally {
    vi.useRealTimers();
  }
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
