/** Fetches that resolve at once, without any network. */

const text = '{"name":"value"}';
const fresh = () => Promise.resolve(new Response(text, { headers: { 'content-type': 'application/json' } }));
const shared = Promise.resolve(new Response(text));

/**
 * By what a subject does to an answer. One answer serves all requests of those who pass it on; who clones or reads it
 * gets new ones, and is compared with a bare fetch that costs the same.
 */
export const stubs = {
  shared: { underlying: () => shared, bare: () => shared },
  fresh: { underlying: fresh, bare: fresh },
  read: { underlying: fresh, bare: async () => (await fresh()).text() },
};
