/** After each test file: the next one shares the modules, and loads its own before its first test. */
import { afterAll, vi } from 'vitest';

afterAll(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});
