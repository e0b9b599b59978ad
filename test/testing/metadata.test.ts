/** What the test server says of itself. */
import * as oauth from 'oauth4webapi';
import { expect, test } from 'vitest';
import { metadataOf, metadataUrl } from '../../src/testing/metadata.ts';
import { readServerOptions } from '../../src/testing/server-options.ts';

test('is found by an issuer with a path, and taken by oauth4webapi', async () => {
  const options = readServerOptions({ issuer: 'https://example.com/tenant' });
  const issuer = new URL(options.issuer);
  const fetch = async (url: string) => {
    expect(url).toBe(metadataUrl(options.issuer));
    return Response.json(metadataOf(options));
  };
  const response = await oauth.discoveryRequest(issuer, { [oauth.customFetch]: fetch });
  const found = await oauth.processDiscoveryResponse(issuer, response);
  expect(found.token_endpoint).toBe('https://example.com/tenant/token');
});
