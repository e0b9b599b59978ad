/** The entry point, where there is no page. */
import { defineDevtools, mountDevtools } from 'evertoken/devtools';
import { expect, test } from 'vitest';

test('on a server it does nothing, and throws for what is wrong all the same', () => {
  expect(defineDevtools()).toBeUndefined();
  expect(mountDevtools()()).toBeUndefined();
  expect(() => mountDevtools({ theme: 'blue' as never })).toThrow(TypeError);
});
