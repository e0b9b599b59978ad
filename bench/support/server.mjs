/** The process of the loopback servers: the API, the authorization server, and pages. Its parent opens realms in it. */
import { createServer } from 'node:http';
import { createRealm } from './realm.mjs';

const realms = new Map();
let pages = {};

async function formOf(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return new URLSearchParams(text);
}

const server = createServer(async (request, response) => {
  const [, id = '', what = ''] = request.url.split('?')[0].split('/', 3);
  const realm = realms.get(id);
  if (realm && what === 'token') return realm.refresh(await formOf(request), response);
  if (realm) {
    request.resume();
    return realm.serve(request.headers.authorization ?? '', response);
  }
  const page = pages[`/${id}`];
  if (!page) return response.writeHead(404).end();
  response.writeHead(200, { 'content-type': page.type }).end(page.text);
});
server.keepAliveTimeout = 60_000;

const acts = {
  open(id, options) {
    realms.set(id, createRealm(id, options ?? {}));
    return realms.get(id).tokens;
  },
  stats: (id) => realms.get(id).stats,
  deny: (id) => realms.get(id).deny(),
  fail: (id, kind) => realms.get(id).fail(kind),
  close: (id) => realms.delete(id),
  pages(all) {
    pages = all;
  },
};

process.on('message', ({ call, act, args }) => process.send({ call, value: acts[act](...args) ?? null }));
process.on('disconnect', () => process.exit());

server.listen(0, '127.0.0.1', 4_096, () => process.send({ port: server.address().port }));
