/** Before each test file: what is waited for in real time may take its time, on a busy machine too. */
import { vi } from 'vitest';

const { waitFor, waitUntil } = vi;

Object.assign(vi, {
  waitFor: ((task, how) =>
    waitFor(task, { timeout: 20_000, ...(typeof how === 'object' ? how : {}) })) satisfies typeof waitFor,
  waitUntil: ((task, how) =>
    waitUntil(task, { timeout: 20_000, ...(typeof how === 'object' ? how : {}) })) satisfies typeof waitUntil,
});
