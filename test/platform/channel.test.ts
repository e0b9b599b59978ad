import { afterEach, describe, expect, test, vi } from 'vitest';
import { createChannel } from '../../src/platform/channel.ts';

/** Of these tests alone: a channel reaches other programs of the process, too. */
const NAME = 'channel.test';

let opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened) close();
  opened = [];
});

/** A channel that listens, and how often it heard something. */
function listening(name = NAME) {
  const hear = vi.fn();
  const channel = createChannel(name);
  const end = channel.listen(hear);
  opened.push(end);
  return { ...channel, end, hear };
}

/** Whoever else uses a BroadcastChannel of that name. */
function stranger() {
  const channel = new BroadcastChannel(NAME);
  opened.push(() => channel.close());
  return channel;
}

/** Messages between two channels arrive in order: what was posted before the last has been heard then. */
const heard = (hear: ReturnType<typeof vi.fn>, times: number) =>
  vi.waitFor(() => expect(hear).toHaveBeenCalledTimes(times), { interval: 1 });

describe('R52: news', () => {
  test('is heard by all others under that name, and not by the teller', async () => {
    const [a, b, c, other] = [listening(), listening(), listening(), listening('another.test')];
    a.post();
    a.post();
    for (const { hear } of [b, c]) await heard(hear, 2);
    stranger().postMessage(0);
    await heard(a.hear, 1);
    expect(other.hear).not.toHaveBeenCalled();
  });

  test('R70: says nothing to whoever listens', async () => {
    const seen = vi.fn();
    stranger().onmessage = ({ data }) => seen(data);
    listening().post();
    await heard(seen, 1);
    expect(seen).toHaveBeenCalledWith(0);
  });

  test('may be anything: the hearer reads the store, whatever it was', async () => {
    const [{ hear }, from] = [listening(), stranger()];
    for (const news of ['7', null, undefined, { n: 7 }]) from.postMessage(news);
    await heard(hear, 4);
  });
});

describe('R61: a channel that listens no more', () => {
  test('hears nothing, ended twice or not', async () => {
    const [a, witness, from] = [listening(), listening(), stranger()];
    a.end();
    a.end();
    from.postMessage(0);
    await heard(witness.hear, 1);
    expect(a.hear).not.toHaveBeenCalled();
  });

  test('still tells the others what is to be told', async () => {
    const [a, b] = [listening(), listening()];
    a.end();
    a.post();
    await heard(b.hear, 1);
  });

  test('opens another one for that only, and closes it again', () => {
    const channels: { name: string; closed: boolean }[] = [];
    class Channel {
      readonly own;
      constructor(name: string) {
        this.own = { name, closed: false };
        channels.push(this.own);
      }
      postMessage() {}
      close() {
        this.own.closed = true;
      }
    }
    vi.stubGlobal('BroadcastChannel', Channel);
    const { post, end } = listening();
    post();
    expect(channels).toEqual([{ name: NAME, closed: false }]);
    end();
    post();
    expect(channels).toEqual(Array(2).fill({ name: NAME, closed: true }));
  });
});

describe('R14: where there is no BroadcastChannel', () => {
  test.each([
    ['at all', undefined],
    [
      'that may be opened',
      class {
        constructor() {
          throw new DOMException('no', 'SecurityError');
        }
      },
    ],
  ])('%s, nobody hears and nothing fails', (_why, missing) => {
    vi.stubGlobal('BroadcastChannel', missing);
    const { post, end, hear } = listening();
    const act = () => {
      post();
      end();
      post();
    };
    expect(act).not.toThrow();
    expect(hear).not.toHaveBeenCalled();
  });
});

test('R14: nothing is opened before somebody tells or listens', () => {
  const open = vi.fn();
  vi.stubGlobal('BroadcastChannel', open);
  createChannel(NAME);
  expect(open).not.toHaveBeenCalled();
});

test('R13: does not keep a Node process alive', () => {
  const count = () => process.getActiveResourcesInfo().filter((kind) => kind === 'MessagePort').length;
  const before = count();
  const kept = stranger();
  expect(count()).toBe(before + 1);
  kept.close();
  listening().post();
  expect(count()).toBe(before);
});
