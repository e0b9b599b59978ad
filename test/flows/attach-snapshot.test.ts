import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Args, createRecorded, createRecorder, describeDelivery, watch } from '../support/attach.ts';
import { createCell } from '../support/cell.ts';
import { API, deferred, unauthorized } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Arguments, and what their caller does to them after the call. */
type Case = () => { args: Args; change: () => void };

const post = (body: BodyInit): RequestInit => ({ method: 'POST', body });

const cases: Record<string, Case> = {
  init: () => {
    const init: RequestInit & Record<string, unknown> = { method: 'POST', body: 'then', cf: 1 };
    const change = () =>
      Object.assign(init, { method: 'PUT', body: 'late', headers: { 'x-a': 'late' }, cf: 2 });
    return { args: [API, init], change };
  },
  'the members of init': () => {
    const init: RequestInit = { method: 'POST', body: 'then' };
    const change = () => {
      delete init.method;
      delete init.body;
    };
    return { args: [API, init], change };
  },
  Headers: () => {
    const headers = new Headers({ 'x-a': 'then' });
    const change = () => {
      headers.set('x-a', 'late');
      headers.set('authorization', 'late');
    };
    return { args: [API, { headers }], change };
  },
  'a record of headers': () => {
    const headers: Record<string, string> = { 'x-a': 'then' };
    return {
      args: [API, { headers }],
      change: () => Object.assign(headers, { 'x-a': 'late', 'x-b': 'late' }),
    };
  },
  'pairs of headers': () => {
    const headers: [string, string][] = [['x-a', 'then']];
    const change = () => {
      headers[0]?.splice(1, 1, 'late');
      headers.push(['x-b', 'late']);
    };
    return { args: [API, { headers }], change };
  },
  URLSearchParams: () => {
    const body = new URLSearchParams('a=then');
    return { args: [API, post(body)], change: () => body.set('a', 'late') };
  },
  FormData: () => {
    const body = new FormData();
    body.set('a', 'then');
    return { args: [API, post(body)], change: () => body.set('a', 'late') };
  },
  'an ArrayBuffer': () => {
    const bytes = new TextEncoder().encode('then');
    return { args: [API, post(bytes.buffer)], change: () => bytes.fill(120) };
  },
  'an ArrayBuffer that is transferred away': () => {
    const { buffer } = new TextEncoder().encode('then');
    return { args: [API, post(buffer)], change: () => structuredClone(buffer, { transfer: [buffer] }) };
  },
  'a view': () => {
    const bytes = new TextEncoder().encode('.then.');
    return { args: [API, post(bytes.subarray(1, 5))], change: () => bytes.fill(120) };
  },
  'a Node Buffer': () => {
    const body = Buffer.from('then');
    return { args: [API, post(body)], change: () => body.fill('x') };
  },
  'a URL': () => {
    const url = new URL(`${API}/then`);
    const change = () => {
      url.href = 'https://evil.test/late';
    };
    return { args: [url], change };
  },
  'the headers of a Request': () => {
    const request = new Request(API, { headers: { 'x-a': 'then' } });
    return { args: [request], change: () => request.headers.set('x-a', 'late') };
  },
  'an init of a class': () => {
    class Init {
      fields = { method: 'POST', body: 'then' };
      get method() {
        return this.fields.method;
      }
      get body() {
        return this.fields.body;
      }
    }
    const init = new Init();
    const change = () => {
      init.fields = { method: 'PUT', body: 'late' };
    };
    return { args: [API, init], change };
  },
};

async function plainly(args: Args) {
  const recorder = createRecorder();
  await recorder.fetch(...args);
  return Promise.all(recorder.deliveries.map(describeDelivery));
}

describe.each(Object.entries(cases))('R4: %s changed after the call', (_what, build) => {
  const callOf = async (fetch: typeof globalThis.fetch, between: () => unknown = () => {}) => {
    const { args, change } = build();
    const answer = fetch(...args);
    change();
    await between();
    await answer;
  };

  const expectPlain = async (deliveries: Parameters<typeof describeDelivery>[0][], count = 1) => {
    const [plain] = await plainly(build().args);
    const described = await Promise.all(deliveries.map(describeDelivery));
    for (const { headers } of described) delete headers['authorization'];
    expect(described).toEqual(Array(count).fill(plain));
  };

  test('does not change a request with a good token', async () => {
    const recorder = createRecorder();
    const auth = createRecorded(recorder);
    await auth.signIn({ access_token: 'good' });
    await callOf(auth.fetch);
    await expectPlain(recorder.deliveries);
  });

  test('does not change a request that waits for a refresh', async () => {
    const recorder = createRecorder();
    const gate = deferred<{ access_token: string }>();
    const auth = createRecorded(recorder, { refresh: () => gate.promise });
    await auth.signIn({ access_token: 'old', expires_in: 10 });
    await vi.advanceTimersByTimeAsync(60_000);
    await callOf(auth.fetch, async () => {
      await vi.advanceTimersByTimeAsync(100);
      gate.resolve({ access_token: 'new' });
    });
    await expectPlain(recorder.deliveries);
    expect(recorder.deliveries[0]?.request.headers.get('authorization')).toBe('Bearer new');
  });

  test('does not change a request that waits for the store', async () => {
    const recorder = createRecorder();
    const gate = deferred();
    const cell = createCell();
    cell.before = () => gate.promise;
    const auth = createRecorded(recorder, { store: cell.open() });
    await callOf(auth.fetch, () => gate.resolve());
    await expectPlain(recorder.deliveries);
  });

  test('does not change the replay', async () => {
    const gate = deferred();
    const recorder = createRecorder(async (_request, count) => {
      if (count === 2) return new Response('ok');
      await gate.promise;
      return unauthorized();
    });
    const auth = createRecorded(recorder, { refresh: async () => ({ access_token: 'new' }) });
    await auth.signIn({ access_token: 'old' });
    const { args, change } = build();
    const answer = auth.fetch(...args);
    await vi.advanceTimersByTimeAsync(10);
    change();
    gate.resolve();
    await answer;
    await expectPlain(recorder.deliveries, 2);
  });

  test('does not change a request that is signed out', async () => {
    const recorder = createRecorder();
    await callOf(createRecorded(recorder).fetch);
    await expectPlain(recorder.deliveries);
  });
});

test('R4: the objects of the caller are never written to', async () => {
  const recorder = createRecorder((_request, count) => (count % 2 ? unauthorized() : new Response('ok')));
  const auth = createRecorded(recorder, { refresh: async () => ({ access_token: 'new' }) });
  await auth.signIn({ access_token: 'old' });
  const headers = new Headers({ 'x-a': '1' });
  const init: RequestInit = { method: 'POST', headers, body: new URLSearchParams('a=1') };
  const request = new Request(API, { headers: { 'x-a': '1' } });
  await auth.fetch(API, init);
  await auth.fetch(request);
  expect(recorder.deliveries).toHaveLength(4);
  expect([...headers]).toEqual([['x-a', '1']]);
  expect([...request.headers]).toEqual([['x-a', '1']]);
  expect(Object.keys(init)).toEqual(['method', 'headers', 'body']);
  expect(init.headers).toBe(headers);
});

describe('R4: the signal', () => {
  const build: Record<string, (signal: AbortSignal) => Args> = {
    'of an init': (signal) => [API, { signal }],
    'of a Request': (signal) => [new Request(API, { signal })],
    'of an init over a Request': (signal) => [
      new Request(API, { signal: new AbortController().signal }),
      { signal },
    ],
    'of a Request for an init': (signal) => [API, new Request(API, { signal })],
  };

  test.each(Object.entries(build))(
    '%s reaches the fetch underneath, with its reason',
    async (_what, build) => {
      const recorder = createRecorder(() => new Promise(() => {}));
      const auth = createRecorded(recorder);
      await auth.signIn({ access_token: 'secret' });
      const controller = new AbortController();
      watch(auth.fetch(...build(controller.signal)));
      await vi.advanceTimersByTimeAsync(10);
      expect(recorder.deliveries[0]?.request.signal.aborted).toBe(false);
      controller.abort('reason');
      expect(recorder.deliveries[0]?.request.signal.aborted).toBe(true);
      expect(recorder.deliveries[0]?.request.signal.reason).toBe('reason');
    },
  );

  test.each(Object.entries(build))('%s ends a wait for the refresh at once', async (_what, build) => {
    const recorder = createRecorder();
    const auth = createRecorded(recorder, { refresh: () => new Promise(() => {}) });
    await auth.signIn({ access_token: 'old', expires_in: 10 });
    await vi.advanceTimersByTimeAsync(60_000);
    const controller = new AbortController();
    const seen = watch(auth.fetch(...build(controller.signal)));
    await vi.advanceTimersByTimeAsync(10);
    controller.abort('reason');
    await vi.advanceTimersByTimeAsync(0);
    expect(seen).toEqual({ isSettled: true, error: 'reason' });
    expect(recorder.deliveries).toHaveLength(0);
  });

  test('of a Request is gone when the init says null', async () => {
    const recorder = createRecorder();
    const auth = createRecorded(recorder);
    await auth.signIn({ access_token: 'secret' });
    const response = await auth.fetch(new Request(API, { signal: AbortSignal.abort() }), { signal: null });
    expect(response.status).toBe(200);
    expect(recorder.deliveries[0]?.request.signal.aborted).toBe(false);
  });
});
