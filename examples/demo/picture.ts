/** The live picture of the flow: lines that scroll, and on a terminal a bottom line that is drawn again and again. */
import { drawBar, drawLine, heading, type Line, paint } from './lanes.ts';

export interface Picture {
  /** Milliseconds since the picture began. */
  now(): number;
  show(line: Line): void;
  /** Keeps lines back until `release`, which puts them in the order of their times. */
  hold(): void;
  release(): void;
  /** A token was issued at `issuedAt` that lives until `expiresAt`, both as in {@link Picture.now}. */
  token(issuedAt: number, expiresAt: number): void;
  end(): void;
}

const FRAME = 100;

/** `status` is what the bottom line says beside the bar. */
export function createPicture(status: () => string): Picture {
  const output = process.stdout;
  const { TERM } = process.env;
  const live = output.isTTY === true && TERM !== 'dumb';
  const began = performance.now();
  const now = (): number => performance.now() - began;
  const tokens: { issuedAt: number; expiresAt: number }[] = [];
  let held: Line[] | undefined;

  function life(at: number): number {
    const token = tokens.findLast(({ issuedAt }) => issuedAt <= at);
    return token ? (token.expiresAt - at) / (token.expiresAt - token.issuedAt) : 0;
  }

  function drawStatus(): void {
    if (!live) return;
    const room = Math.max((output.columns || 80) - 24, 0);
    output.write(`\r\x1b[2K  token ${drawBar(life(now()))} ${paint('gray', status().slice(0, room))}`);
  }

  function print(line: Line): void {
    output.write(`${live ? '\r\x1b[2K' : ''}${drawLine(line, life(line.at))}\n`);
  }

  output.write(`${heading()}\n`);
  const frames = live ? setInterval(drawStatus, FRAME) : undefined;

  function release(): void {
    const lines = held ?? [];
    held = undefined;
    for (const line of lines.sort((a, b) => a.at - b.at)) print(line);
    drawStatus();
  }

  return {
    now,
    show(line) {
      if (held) return void held.push(line);
      print(line);
      drawStatus();
    },
    hold() {
      held ??= [];
    },
    release,
    token: (issuedAt, expiresAt) => void tokens.push({ issuedAt, expiresAt }),
    end() {
      release();
      clearInterval(frames);
      if (live) output.write('\r\x1b[2K');
    },
  };
}
