/** The life of a token as a bar: what has passed of it, from when on it is refreshed, from when on requests wait. */
import { h, type VNode } from './dom.ts';
import type { Life } from './managers.ts';

/** `4:05`; a minus where it is over. */
export function lengthOf(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1_000);
  const rest = `${seconds % 60}`.padStart(2, '0');
  return `${ms < 0 && seconds ? '-' : ''}${Math.floor(seconds / 60)}:${rest}`;
}

/** The same in words; it is all that a screen reader gets of the bar. */
export function lifeText({ issuedAt, aheadAt, waitAt, expiresAt }: Life, now: number): string {
  if (expiresAt === undefined) return `${lengthOf(now - issuedAt)} old; nobody knows when it ends`;
  const end =
    now < expiresAt
      ? `ends in ${lengthOf(expiresAt - now)} of ${lengthOf(expiresAt - issuedAt)}`
      : `ended ${lengthOf(now - expiresAt)} ago`;
  if (aheadAt === undefined || waitAt === undefined) return `${end}; the server alone judges expiry`;
  return `${end}; refreshed from ${lengthOf(aheadAt - issuedAt)} on, waited for from ${lengthOf(waitAt - issuedAt)} on`;
}

/** @param now - ms since the epoch. */
export function lifeBar(life: Life, now: number): VNode {
  const { issuedAt, aheadAt, waitAt, expiresAt } = life;
  const text = h('p', { class: 'life' }, lifeText(life, now));
  if (expiresAt === undefined) return text;
  /** Of a thousand, which is the whole life. */
  const place = (at: number) =>
    Math.round(Math.min(1, Math.max(0, (at - issuedAt) / Math.max(1, expiresAt - issuedAt))) * 1_000);
  const part = (name: string, from: number, to: number) =>
    h('rect', { class: name, x: place(from), y: 0, width: Math.max(0, place(to) - place(from)), height: 16 });
  const [ahead, wait] = [aheadAt ?? expiresAt, waitAt ?? expiresAt];
  const bar = h(
    'svg',
    { class: 'bar', viewBox: '0 0 1000 16', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    part('good', issuedAt, ahead),
    part('ahead', ahead, wait),
    part('wait', wait, expiresAt),
    part('past', issuedAt, now),
    h('rect', { class: 'now', x: Math.min(996, place(now)), y: 0, width: 4, height: 16 }),
  );
  return h('div', null, bar, text);
}
