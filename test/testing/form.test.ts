/** The body of a request to the test server. */
import { expect, test } from 'vitest';
import { readForm } from '../../src/testing/form.ts';

const read = (body: BodyInit, type?: string) =>
  readForm(
    new Request('https://as.example.com', {
      method: 'POST',
      body,
      ...(type && { headers: { 'content-type': type } }),
    }),
  );

test.for([
  [new URLSearchParams({ subject: 'ann b', x: '' }), undefined, { subject: 'ann b', x: '' }],
  [
    '{"subject":"ann","returnSecureToken":true,"age":3,"more":{}}',
    'application/json',
    { subject: 'ann', returnSecureToken: 'true' },
  ],
  ['{"subject":"ann"}', undefined, { subject: 'ann' }],
  ['[', 'application/json', {}],
  ['null', 'application/json', {}],
  ['', undefined, {}],
] as const)('%s as %s', async ([body, type, expected]) => {
  expect(await read(body, type)).toEqual(expected);
});
