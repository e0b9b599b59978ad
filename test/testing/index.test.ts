/** The entry point. */
import * as testing from 'evertoken/testing';
import { expect, test } from 'vitest';

test('exports a server, a suite, and what contexts elsewhere count with', () => {
  expect(Object.keys(testing).sort()).toEqual(['createAuthorizationServer', 'describeStore', 'increment']);
});
