import { describe, expect, test, vi } from 'vitest';
import { Events, report } from '../../src/session/events.ts';

const began = (sessionId: string) =>
  ({ sessionId, expiresAt: undefined, cause: 'local', elsewhere: false }) as const;
const ended = (sessionId: string) => ({ sessionId, reason: 'local', elsewhere: false }) as const;

/** What was reported, by way of `reportError`. */
function reported(): unknown[] {
  const errors: unknown[] = [];
  vi.stubGlobal('reportError', (error: unknown) => void errors.push(error));
  return errors;
}

describe('R55: events', () => {
  test('wait for the flush, and arrive in the order in which they were added', () => {
    const events = new Events();
    const heard: unknown[] = [];
    events.on('signed-in', ({ sessionId }: { sessionId: string }) => heard.push(`in ${sessionId}`));
    events.on('*', (event: string) => heard.push(event));
    events.add('signed-in', began('a'));
    events.add('signed-out', ended('a'));
    expect(heard).toEqual([]);
    events.flush();
    events.flush();
    expect(heard).toEqual(['in a', 'signed-in', 'signed-out']);
  });

  test('that a listener causes are delivered after its own, to everybody', () => {
    const events = new Events();
    const heard: string[] = [];
    events.on('signed-in', () => {
      events.add('signed-out', ended('a'));
      events.flush();
      heard.push('first');
    });
    events.on('signed-in', () => heard.push('second'));
    events.on('signed-out', () => heard.push('out'));
    events.add('signed-in', began('a'));
    events.flush();
    expect(heard).toEqual(['first', 'second', 'out']);
  });

  test('reach all listeners although one throws and one rejects, and both are reported', async () => {
    const errors = reported();
    const events = new Events();
    let calls = 0;
    events.on('signed-in', () => {
      throw 'thrown';
    });
    events.on('signed-in', () => Promise.reject('rejected'));
    events.on('signed-in', () => new Promise(() => {}));
    events.on('signed-in', () => calls++);
    for (const id of ['a', 'b']) events.add('signed-in', began(id));
    events.flush();
    expect(calls).toBe(2);
    await new Promise((resolve) => void setImmediate(resolve));
    expect(errors.sort()).toEqual(['rejected', 'rejected', 'thrown', 'thrown']);
  });
});

describe('R55: who follows the events', () => {
  test('comes after what was queued before, and before what is queued later', () => {
    const events = new Events();
    const heard: string[] = [];
    events.on('*', (event: string) => heard.push(event));
    events.add('signed-in', began('a'));
    events.follow(() => heard.push('follower'));
    events.add('signed-out', ended('a'));
    expect(heard).toEqual([]);
    events.flush();
    expect(heard).toEqual(['signed-in', 'follower', 'signed-out']);
  });

  test('R61: comes all the same when everything was closed: it may be somebody who waits', () => {
    const events = new Events();
    const follower = vi.fn();
    events.end();
    events.follow(follower);
    events.flush();
    expect(follower).toHaveBeenCalledOnce();
  });

  test('hears after each delivery, without a name, whether there was an event or not', () => {
    const events = new Events();
    const heard: unknown[][] = [];
    events.on('', (...args: unknown[]) => heard.push(args));
    events.on('*', (event: string) => heard.push([event]));
    events.add('signed-in', began('a'));
    events.flush();
    expect(heard).toEqual([['signed-in'], [undefined]]);
    events.flush();
    expect(heard).toHaveLength(3);
  });
});

describe('a listener', () => {
  test('that was ended hears nothing more, even of the event that is being delivered', () => {
    const events = new Events();
    const heard: string[] = [];
    events.on('signed-in', () => endSecond());
    const endSecond = events.on('signed-in', () => heard.push('second'));
    const endThird = events.on('signed-out', () => heard.push('third'));
    endThird();
    endThird();
    events.add('signed-in', began('a'));
    events.add('signed-out', ended('a'));
    events.flush();
    expect(heard).toEqual([]);
  });

  test('that is registered twice is called twice, and each end ends one', () => {
    const events = new Events();
    let calls = 0;
    const listener = () => calls++;
    const [end] = [events.on('signed-in', listener), events.on('signed-in', listener)];
    end();
    events.add('signed-in', began('a'));
    events.flush();
    expect(calls).toBe(1);
  });
});

test('R61: after close nothing is delivered, not to those who come later and not of what was queued', () => {
  const events = new Events();
  const heard: string[] = [];
  events.on('signed-in', () => {
    heard.push('first');
    events.end();
  });
  events.on('signed-in', () => heard.push('second'));
  events.on('*', (event: string) => heard.push(event));
  events.add('signed-in', began('a'));
  events.add('signed-out', ended('a'));
  events.flush();
  events.on('*', (event: string) => heard.push(event));
  events.add('signed-in', began('b'));
  events.flush();
  expect(heard).toEqual(['first']);
});

test('R55: what a callback threw goes to reportError, and to the console where there is none', () => {
  const errors = reported();
  report('one');
  vi.stubGlobal('reportError', undefined);
  const logged = vi.spyOn(console, 'error').mockImplementation(() => {});
  report('two');
  expect([errors, logged.mock.calls]).toEqual([['one'], [['two']]]);
});
