/** A file that is replaced in one step, whoever stands still in between, and wherever. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { linkSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { createVersionedFile, type VersionedFile } from '../../src/node/versioned-file.ts';
import { createFolder } from '../support/folder.ts';

/** Whoever runs in it stands still before the step of this number, until it is woken. */
interface Sleeper {
  steps: number;
  readonly at: number;
  readonly asleep: PromiseWithResolvers<void>;
  readonly woken: PromiseWithResolvers<void>;
}

const { sleepers, faults } = vi.hoisted(() => ({
  sleepers: { current: undefined as AsyncLocalStorage<Sleeper> | undefined },
  /** Calls that fail from now on, so many times. */
  faults: new Map<string, { code: string; times: number }>(),
}));
sleepers.current = new AsyncLocalStorage<Sleeper>();

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const step = async (name: string) => {
    const fault = faults.get(name);
    if (fault && fault.times-- > 0)
      throw Object.assign(new Error(`${fault.code}: of the test`), { code: fault.code });
    const sleeper = sleepers.current?.getStore();
    if (!sleeper || ++sleeper.steps !== sleeper.at) return;
    sleeper.asleep.resolve();
    await sleeper.woken.promise;
  };
  const wrapped = ['link', 'lstat', 'open', 'rename', 'stat', 'unlink'] as const;
  const steps = wrapped.map((name) => [
    name,
    async (...args: never[]) => {
      await step(name);
      return (real[name] as (...args: never[]) => unknown)(...args);
    },
  ]);
  return { ...real, ...Object.fromEntries(steps) };
});

let made = 0;
const contentOf = (value: string) => ({ version: `${++made}`, value });

/** Replaces the content in somebody who stands still before that step. */
function startSleeper(file: VersionedFile, version: string | undefined, value: string, at: number) {
  const sleeper: Sleeper = {
    steps: 0,
    at,
    asleep: Promise.withResolvers(),
    woken: Promise.withResolvers(),
  };
  const next = contentOf(value);
  const answer = sleepers.current?.run(sleeper, () => file.replace(version, next)) as Promise<boolean>;
  return {
    next,
    answer,
    /** Whether it stands still: else it had fewer steps, and is done. */
    isAsleep: Promise.race([sleeper.asleep.promise.then(() => true), answer.then(() => false)]),
    wake: () => sleeper.woken.resolve(),
  };
}

/** Replaces what is there, three times, and answers what was there in between. */
async function goOn(file: VersionedFile): Promise<{ seen: Set<string>; last: string }> {
  const seen = new Set<string>();
  let last = '';
  for (let done = 0, tries = 0; done < 3; tries++) {
    if (tries > 6) throw new Error('somebody who stands still holds the others up');
    const found = await file.load();
    if (found) seen.add(found.version);
    const next = contentOf('others');
    if (await file.replace(found?.version, next)) {
      done++;
      last = next.version;
      seen.add(last);
    }
  }
  return { seen, last };
}

const open = (folder: string) => createVersionedFile(join(folder, 'x'), false);

/** What stands in the folder beside the file. */
const beside = (folder: string) => readdirSync(folder).filter((name) => name !== 'x');

describe.for(['a file', 'no file'])('R51, R54: who stands still in the middle of replacing %s', (what) => {
  async function begin() {
    const folder = createFolder();
    const first = contentOf('first');
    if (what === 'a file') await open(folder).replace(undefined, first);
    return { folder, version: what === 'a file' ? first.version : undefined };
  }

  test('holds nobody up, and puts nothing back when it wakes, before whichever step', async () => {
    for (let at = 1, isAsleep = true; isAsleep; at++) {
      const { folder, version } = await begin();
      const sleeper = startSleeper(open(folder), version, 'sleeper', at);
      isAsleep = await sleeper.isAsleep;
      const { seen, last } = await goOn(open(folder));
      sleeper.wake();
      // What it is told is what has happened.
      expect(await sleeper.answer, `step ${at}`).toBe(seen.has(sleeper.next.version));
      expect((await open(folder).load())?.version, `step ${at}`).toBe(last);
      expect(beside(folder), `step ${at}`).toEqual([]);
    }
  });

  test('nor do two, wherever each of them stands, and whichever wakes first', async () => {
    const steps = what === 'a file' ? 12 : 8;
    for (let run = 0; run < steps * steps * 2; run++) {
      const [one, other] = [1 + (run % steps), 1 + (Math.floor(run / steps) % steps)];
      if (one > other) continue;
      const { folder, version } = await begin();
      const all = [one, other].map((at) => startSleeper(open(folder), version, 'sleeper', at));
      for (const sleeper of all) await sleeper.isAsleep;
      const { seen, last } = await goOn(open(folder));
      if (run >= steps * steps) all.reverse();
      for (const sleeper of all) {
        sleeper.wake();
        expect(await sleeper.answer, `steps ${one}, ${other}`).toBe(seen.has(sleeper.next.version));
      }
      expect((await open(folder).load())?.version, `steps ${one}, ${other}`).toBe(last);
    }
  });
});

test('R51: who was killed with a claim is followed by what it claimed, or by nothing of its own', async () => {
  for (let at = 1, isAsleep = true; isAsleep; at++) {
    const folder = createFolder();
    const first = contentOf('first');
    await open(folder).replace(undefined, first);
    const dead = startSleeper(open(folder), first.version, 'dead', at);
    isAsleep = await dead.isAsleep;
    const version = (await open(folder).load())?.version;
    expect([first.version, dead.next.version], `step ${at}`).toContain(version);
    await goOn(open(folder));
  }
});

describe('R53: a file that cannot be replaced', () => {
  test.each([
    ['the disk is full', 'open', 'ENOSPC'],
    ['the file system has no links', 'link', 'EPERM'],
  ])('%s: the old content stays, the draft does not', async (_what, name, code) => {
    const folder = createFolder();
    const first = contentOf('first');
    await open(folder).replace(undefined, first);
    faults.set(name, { code, times: 99 });
    await expect(open(folder).replace(first.version, contentOf('next'))).rejects.toThrow(code);
    faults.clear();
    expect((await open(folder).load())?.value).toBe('first');
    expect(beside(folder)).toEqual([]);
    expect(await open(folder).replace(first.version, contentOf('next'))).toBe(true);
  });

  test('one that another program has open for a moment is tried again', async () => {
    const folder = createFolder();
    const first = contentOf('first');
    await open(folder).replace(undefined, first);
    faults.set('rename', { code: 'EBUSY', times: 2 });
    expect(await open(folder).replace(first.version, contentOf('next'))).toBe(true);
  });

  test('one that stays so is told, and the next one puts it there', async () => {
    const folder = createFolder();
    const [first, next] = [contentOf('first'), contentOf('next')];
    await open(folder).replace(undefined, first);
    faults.set('rename', { code: 'EACCES', times: 99 });
    await expect(open(folder).replace(first.version, next)).rejects.toThrow('EACCES');
    faults.clear();
    expect(await open(folder).replace(first.version, contentOf('other'))).toBe(false);
    expect((await open(folder).load())?.version).toBe(next.version);
    expect(beside(folder)).toEqual([]);
  });
});

describe('what lies in its place', () => {
  test('what it writes has mode 0600, in a folder of mode 0700, and nothing beside it', async () => {
    const folder = join(createFolder(), 'of', 'its', 'own');
    const file = createVersionedFile(join(folder, 'x'));
    const first = contentOf('first');
    expect(await file.replace(undefined, first)).toBe(true);
    expect(await file.replace(first.version, contentOf('second'))).toBe(true);
    expect(statSync(join(folder, 'x')).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(beside(folder)).toEqual([]);
  });

  test.each([
    ['half an entry', '{"evertoken":1,"id":"04', { isOurs: false, isBroken: true }],
    ['nothing', '', { isOurs: false, isBroken: true }],
    ['zeros, as after a loss of power', '\0\0\0', { isOurs: false, isBroken: true }],
    ['somebody else’s text', '{"name":"a package"}', { isOurs: false, isBroken: false }],
    ['an entry of a newer version', '{"evertoken":2}', { isOurs: false, isBroken: false, isNewer: true }],
    [
      'an entry that names another folder',
      '{"evertoken":1,"id":"../../x","version":"v","value":"v"}',
      { isOurs: false, isBroken: true },
    ],
    ['a text of 5 MB', 'x'.repeat(5_000_000), { isOurs: false, isBroken: false }],
  ])('%s is told apart, and can be replaced', async (_what, text, kind) => {
    const folder = createFolder();
    writeFileSync(join(folder, 'x'), text, { mode: 0o600 });
    const found = await open(folder).load();
    expect(found).toMatchObject({ ...kind, value: '' });
    expect(await open(folder).replace('another version', contentOf('next'))).toBe(false);
    expect(readFileSync(join(folder, 'x'), 'utf8')).toBe(text);
    expect(await open(folder).replace(found?.version, contentOf('next'))).toBe(true);
  });

  test('a link is not followed, wherever it leads', async () => {
    const folder = createFolder();
    for (const target of [join(folder, 'nowhere'), '/etc/hostname']) {
      symlinkSync(target, join(folder, 'x'));
      await expect(open(folder).load()).rejects.toThrow('it is a link');
      await expect(open(folder).replace(undefined, contentOf('next'))).rejects.toThrow('it is a link');
      rmSync(join(folder, 'x'));
    }
  });

  test('a claim whose draft was cleared away holds nobody up for ever', async () => {
    const folder = createFolder();
    const first = contentOf('first');
    await open(folder).replace(undefined, first);
    const { id } = (await open(folder).load()) ?? {};
    writeFileSync(
      join(folder, 'draft'),
      readFileSync(join(folder, 'x'), 'utf8').replace(`${id}`, `${id?.slice(0, -4)}abcd`),
      {
        mode: 0o600,
      },
    );
    linkSync(join(folder, 'draft'), join(folder, `x.${id}.next`));
    rmSync(join(folder, 'draft'));
    expect(await open(folder).replace(first.version, contentOf('next'))).toBe(false);
    expect(await open(folder).replace(first.version, contentOf('next'))).toBe(true);
  });
});
