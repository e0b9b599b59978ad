/** Lets one page ask the same of all pages and workers of its origin at the same moment. */
import { Channel, sleep } from './setup.ts';

/** Longer than any round may take. */
const PATIENCE = 30_000;

interface Question {
  readonly id: string;
  readonly ask: string;
  readonly args: unknown[];
}

interface Answer {
  readonly id: string;
  readonly value?: unknown;
  readonly error?: string;
}

type Message = Question | Answer | 'joined';

/** @param play - Does what was asked for. */
export function joinStage(play: (name: string, args: unknown[]) => unknown) {
  const channel = new Channel('stage');
  const open = new Map<string, (answer: Answer) => void>();

  async function answer(id: string, name: string, args: unknown[]): Promise<Answer> {
    try {
      return { id, value: await play(name, args) };
    } catch (error) {
      return { id, error: `${error}` };
    }
  }

  let onJoin = () => {};

  channel.onmessage = async ({ data }: MessageEvent<Message>) => {
    if (data === 'joined') onJoin();
    else if ('ask' in data) channel.postMessage(await answer(data.id, data.ask, data.args));
    else open.get(data.id)?.(data);
  };

  /** Resolves with the answers of `count` players, that of this page first, in no order else. */
  async function everywhere(count: number, name: string, args: unknown[]): Promise<unknown[]> {
    const id = crypto.randomUUID();
    const others: Answer[] = [];
    const complete = new Promise<void>((resolve) => {
      open.set(id, (one) => {
        others.push(one);
        if (others.length === count - 1) resolve();
      });
      if (count === 1) resolve();
    });
    channel.postMessage({ id, ask: name, args } satisfies Question);
    const own = await answer(id, name, args);
    await Promise.race([complete, sleep(PATIENCE)]);
    open.delete(id);
    const answers = [own, ...others];
    if (answers.length < count) throw new Error(`only ${answers.length} of ${count} have answered ${name}`);
    return answers.map(({ value, error }) => {
      if (error) throw new Error(error);
      return value;
    });
  }

  channel.postMessage('joined' satisfies Message);
  return {
    everywhere,
    /** Resolves when somebody else has joined. */
    nextJoiner: (): Promise<void> =>
      new Promise((resolve) => {
        onJoin = resolve;
      }),
  };
}
