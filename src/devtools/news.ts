/** What is read out to whoever cannot see the panel: what matters, and not more often than can be heard. */
import type { Row } from './row.ts';

/** ms in which one message is heard to its end. */
const PAUSE = 5_000;

const isNews = ({ letter, tone, text }: Row): boolean =>
  (!letter || letter === 'B') && tone !== 'quiet' && !text.startsWith('tokens replaced');

export interface News {
  /** What is to be read out now. */
  readonly text: string;
  /** Takes a line; of several that come within five seconds the last one is told, when they are over. */
  take(row: Row): void;
  /** Reads out at once what somebody has asked for. */
  say(text: string): void;
  /** Time has passed. */
  tick(): void;
}

export function createNews(): News {
  let text = '';
  let next: string | undefined;
  let quietUntil = 0;
  const tell = (told: string) => {
    text = told;
    next = undefined;
    quietUntil = Date.now() + PAUSE;
  };
  const tick = () => {
    if (next !== undefined && Date.now() >= quietUntil) tell(next);
  };
  return {
    get text() {
      return text;
    },
    take(row) {
      if (!isNews(row)) return;
      next = row.text;
      tick();
    },
    say: tell,
    tick,
  };
}
