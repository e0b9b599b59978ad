/** The code of docs/service-workers.md and docs/xhr.md, run as it stands there in a real page and its worker. */
import { expect, onTestFinished, test } from 'vitest';
import { listenOnLoopback } from '../../examples/demo/loopback.ts';
import { type Backend, type Call, startBackend } from '../support/backend.ts';
import { recipeOf } from '../support/recipe.ts';
import { inEveryEngine } from './support/engines.ts';
import { bundleText, html } from './support/site.ts';

const replaced = ({ origin }: Backend) => ({
  'https://as.example.com': origin,
  'https://api.example.com': origin,
});

/** A site of its own with these scripts. */
async function serve(scripts: Record<string, string>): Promise<string> {
  const http = await listenOnLoopback();
  onTestFinished(http.close);
  const bundles = new Map<string, string>();
  for (const [path, text] of Object.entries(scripts)) bundles.set(path, await bundleText(text));
  http.handle(({ url = '/' }, response) => {
    const script = bundles.get(url);
    response.writeHead(200, { 'content-type': script === undefined ? 'text/html' : 'text/javascript' });
    response.end(script ?? html('<body><script src="/page.js"></script>'));
  });
  return http.origin.replace('127.0.0.1', 'localhost');
}

async function start(answer?: (call: Call) => unknown) {
  const backend = await startBackend(answer);
  onTestFinished(backend[Symbol.asyncDispose]);
  return backend;
}

/** One pixel. */
const image = Buffer.from('R0lGODlhAQABAIAAAP8AAAAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==', 'base64');

/** A second of silence. */
function silence(): Buffer {
  const wav = Buffer.alloc(44 + 8000, 128);
  wav.write('RIFF', 0);
  wav.writeUInt32LE(36 + 8000, 4);
  wav.write('WAVEfmt ', 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(8000, 24);
  wav.writeUInt32LE(8000, 28);
  wav.writeUInt16LE(1, 32);
  wav.writeUInt16LE(8, 34);
  wav.write('data', 36);
  wav.writeUInt32LE(8000, 40);
  return wav;
}

/** Whether an element of this name loads what lies there. */
const load = (name: 'img' | 'audio', url: string, crossOrigin = '') => `new Promise((resolve) => {
  const element = document.createElement('${name}');
  element.onload = element.onloadedmetadata = () => resolve(true);
  element.onerror = () => resolve(false);
  element.crossOrigin = '${crossOrigin}' || null;
  element.src = '${url}';
})`;

inEveryEngine(
  'recipes',
  (browser, { name }) => {
    test('docs/service-workers.md: images and media of a page carry a token, and one that is refused is replaced', async () => {
      const ranges: (string | undefined)[] = [];
      const backend = await start(({ request, response, path }) => {
        if (path.endsWith('.gif')) return response.writeHead(200, { 'content-type': 'image/gif' }).end(image);
        const sound = silence();
        const [, from = '0'] = /^bytes=(\d+)-/.exec(request.headers.range ?? '') ?? [];
        ranges.push(request.headers.range);
        const range = `bytes ${from}-${sound.length - 1}/${sound.length}`;
        response.writeHead(206, { 'content-type': 'audio/wav', 'content-range': range });
        return response.end(sound.subarray(Number(from)));
      });
      const [worker, page] = ['The worker', 'The page'].map((heading) =>
        recipeOf('docs/service-workers.md', heading, replaced(backend)),
      ) as [string, string];
      const tab = await browser().open(await serve({ '/page.js': page, '/sw.js': worker }));
      onTestFinished(() => tab.close());
      const { origin, stats } = backend;
      await tab.evaluate('recipe.startWorker()');
      await tab.evaluate(`recipe.auth.signIn(${JSON.stringify(backend.issue())})`);

      // The worker hears of the sign-in a moment later than the page.
      await expect.poll(() => tab.evaluate(load('img', `${origin}/media/1.gif`))).toBe(true);
      stats.refused = 0;
      expect(await tab.evaluate(load('audio', `${origin}/media/2.wav`, 'anonymous'))).toBe(true);
      expect(ranges[0]).toMatch(/^bytes=0-/);
      expect(stats).toMatchObject({ refused: 0, refreshes: 0 });
      const isHandedOn = name !== 'Firefox';
      expect(await tab.evaluate(load('audio', `${origin}/media/3.wav`))).toBe(isHandedOn);

      backend.denyAll();
      const many = Array.from({ length: 10 }, (_, number) => load('img', `${origin}/media/4-${number}.gif`));
      expect(await tab.evaluate(`Promise.all([${many}])`)).toEqual(many.map(() => true));
      // The page has heard of it.
      await expect.poll(() => tab.evaluate('recipe.auth.tokens.accessToken')).toBe('access-2');
      expect(stats).toMatchObject({ refreshes: 1, reuse: 0 });
    });

    test('docs/service-workers.md: handed on as it is, the request of an image carries no token', async () => {
      const backend = await start(({ response }) => response.end(image));
      const line = "new Request(request, { mode: 'cors', credentials: 'omit' })";
      const [worker, page] = ['The worker', 'The page'].map((heading, index) =>
        recipeOf('docs/service-workers.md', heading, {
          ...replaced(backend),
          ...(!index && { [line]: 'request' }),
        }),
      ) as [string, string];
      const tab = await browser().open(await serve({ '/page.js': page, '/sw.js': worker }));
      onTestFinished(() => tab.close());
      await tab.evaluate('recipe.startWorker()');
      await tab.evaluate(`recipe.auth.signIn(${JSON.stringify(backend.issue())})`);
      expect(await tab.evaluate(load('img', `${backend.origin}/media/1.gif`))).toBe(false);
      expect(backend.stats).toMatchObject({ accepted: 0, refused: 1, refreshes: 0 });
    });

    test('R22: docs/xhr.md: ten uploads with a refused token are sent again after one refresh, and tell their progress', async () => {
      const sizes: number[] = [];
      const backend = await start(({ response, body }) => {
        sizes.push(body.length);
        response.end();
      });
      const page = recipeOf('docs/xhr.md', 'An upload with progress', replaced(backend));
      const tab = await browser().open(await serve({ '/page.js': page }));
      onTestFinished(() => tab.close());
      await tab.evaluate(`recipe.auth.signIn(${JSON.stringify(backend.issue())})`);
      backend.denyAll();
      const told = await tab.evaluate<{ statuses: number[]; last: number[] }>(`(async () => {
        const last = [];
        const file = new Blob(['x'.repeat(100_000)]);
        const uploads = Array.from({ length: 10 }, (_, number) =>
          recipe.upload('${backend.origin}/files/' + number, file, (sent) => { last[number] = sent; }));
        const statuses = (await Promise.all(uploads)).map(({ status }) => status);
        return { statuses, last };
      })()`);
      expect(told.statuses).toEqual(Array(10).fill(200));
      expect(told.last).toEqual(Array(10).fill(100_000));
      expect(sizes).toEqual(Array(10).fill(100_000));
      expect(backend.stats).toMatchObject({ accepted: 10, refreshes: 1, reuse: 0 });
    });

    test('R32: docs/xhr.md: an upload that was refused is not sent again as another user', async () => {
      const backend = await start(({ response }) => response.end());
      const page = recipeOf('docs/xhr.md', 'An upload with progress', replaced(backend));
      const tab = await browser().open(await serve({ '/page.js': page }));
      onTestFinished(() => tab.close());
      await tab.evaluate(`recipe.auth.signIn(${JSON.stringify(backend.issue())})`);
      backend.denyAll();
      const code = await tab.evaluate(`(async () => {
        const other = () => recipe.auth.signIn(${JSON.stringify(backend.issue())});
        const upload = recipe.upload('${backend.origin}/files/1', new Blob(['x'.repeat(100_000)]), () => void other());
        return upload.then(({ status }) => status, ({ code }) => code);
      })()`);
      expect(code).toBe('session-changed');
      expect(backend.stats).toMatchObject({ accepted: 0, refused: 1, refreshes: 0 });
    });
  },
  { except: ['WebKitGTK'] },
);
