import { afterEach, describe, expect, test, vi } from 'vitest';
import { openChannel } from '../src/channel.ts';

/** Of these tests alone: a channel reaches other test files, too. */
const NAME = 'channel.test';

let opened: { close(): void }[] = [];
afterEach(() => {
  for (const { close } of opened) close();
  opened = [];
});

/** A channel, and what it heard. */
function listening(name = NAME) {
  const heard: unknown[] = [];
  const channel = openChannel(name, (n) => heard.push(n));
  opened.push(channel);
  return { ...channel, heard };
}

/** Whoever else uses a BroadcastChannel of that name. */
function stranger() {
  const channel = new BroadcastChannel(NAME);
  opened.push({ close: () => channel.close() });
  return channel;
}

/** Messages between two channels arrive in order: whatever was posted before has been heard then. */
async function delivered(to: { heard: unknown[] }, from = stranger()) {
  from.postMessage(-1);
  await vi.waitFor(() => expect(to.heard.at(-1)).toBe(-1), { interval: 1 });
  return to.heard.slice(0, -1);
}

describe('R50: a message between contexts', () => {
  test('is a number that all others under that name hear, and the teller does not', async () => {
    const [a, b, c, other] = [listening(), listening(), listening(), listening('another.test')];
    a.post(7);
    a.post(-8);
    for (const tab of [b, c]) await vi.waitFor(() => expect(tab.heard).toEqual([7, -8]), { interval: 1 });
    expect([await delivered(a), other.heard]).toEqual([[], []]);
  });

  test('shows nothing but the number to whoever listens', async () => {
    const seen = vi.fn();
    stranger().onmessage = ({ data }) => seen(data);
    listening().post(7);
    await vi.waitFor(() => expect(seen).toHaveBeenCalledExactlyOnceWith(7), { interval: 1 });
  });

  test('that is no number is ignored', async () => {
    const tab = listening();
    const from = stranger();
    for (const garbage of ['7', null, undefined, { n: 7 }, [7], true, new Date(7)]) from.postMessage(garbage);
    expect(await delivered(tab, from)).toEqual([]);
  });
});

describe('R61: a channel that was closed', () => {
  test('hears nothing more, closed twice or not', async () => {
    const [tab, witness, from] = [listening(), listening(), stranger()];
    tab.close();
    tab.close();
    from.postMessage(7);
    await delivered(witness, from);
    expect(tab.heard).toEqual([]);
  });

  test('still tells the others what is to be told', async () => {
    const [tab, other] = [listening(), listening()];
    tab.close();
    tab.post(7);
    await vi.waitFor(() => expect(other.heard).toEqual([7]), { interval: 1 });
    expect(tab.heard).toEqual([]);
  });

  test('opens another one for that only, and closes it again', () => {
    const channels: { name: string; closed: boolean }[] = [];
    class Channel extends EventTarget {
      readonly own;
      constructor(name: string) {
        super();
        this.own = { name, closed: false };
        channels.push(this.own);
      }
      postMessage() {}
      close() {
        this.own.closed = true;
      }
    }
    vi.stubGlobal('BroadcastChannel', Channel);
    const tab = listening();
    tab.post(1);
    expect(channels).toEqual([{ name: NAME, closed: false }]);
    tab.close();
    tab.post(2);
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
    const tab = listening();
    const act = () => {
      tab.post(1);
      tab.close();
      tab.post(2);
    };
    expect(act).not.toThrow();
    expect(tab.heard).toEqual([]);
  });
});

test('R13: does not keep a Node process alive', () => {
  const count = () => process.getActiveResourcesInfo().filter((kind) => kind === 'MessagePort').length;
  const before = count();
  const kept = stranger();
  expect(count()).toBe(before + 1);
  kept.close();
  const tab = listening();
  tab.post(1);
  expect(count()).toBe(before);
});
