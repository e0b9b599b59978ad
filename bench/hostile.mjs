/** Headers and answers that are made to be slow to read: one that is four times as long may take as long as four. */
import { load } from './support/build.mjs';
import { inTurns } from './support/rounds.mjs';

export const plans = { full: { rounds: 30 }, quick: { rounds: 10 }, short: { rounds: 20 } };

/** Characters. */
const LENGTH = 10_000;
/** As much longer is the other one; a pattern that backtracks takes that times as long as so many short ones. */
const LONGER = 4;

const pieces = ['a', '=', '"', '\\', ',', ' ', '(', 'é'];

/** `WWW-Authenticate`, which everybody on the way can write; repeated up to a length. */
const challenges = [
  ['quotes without end', 'Bearer realm="', '\\"'],
  ['commas', 'Bearer ', ','],
  ['spaces', 'Bearer a', ' ', 'b'],
  ['a long name', '', 'a'],
  ...pieces.flatMap((one) => pieces.map((other) => [JSON.stringify(one + other), 'a ', one + other, '('])),
].map(([name, begin, middle, end = '']) => ({ name: `challenge: ${name}`, begin, middle, end }));

const numbers = [{ name: 'a lifetime that is no number', begin: '', middle: '1', end: 'x' }];

const textOf = ({ begin, middle, end }, length) => begin + middle.repeat(length / middle.length) + end;

/** Answers what to do with each text. */
async function createSubject() {
  const { createTokenManager } = await load();
  let answer;
  const auth = createTokenManager({
    refresh: () => Promise.reject(new Error('the token is good')),
    allow: 'https://api.example.com',
    fetch: () => Promise.resolve(answer),
  });
  await auth.signIn({ access_token: 'token', expires_in: 86_400 });
  return {
    prepare(text) {
      answer = new Response(null, { status: 403, headers: { 'www-authenticate': text } });
    },
    // A 403 is read for what a stronger login could cure, and is no reason to refresh.
    readChallenge: () => auth.fetch('https://api.example.com/'),
    readLifetime: (text) => auth.signIn({ access_token: 'token', expires_in: text }),
    close: () => auth.close(),
  };
}

/** The shortest time is the one that nothing has disturbed. */
async function growthOf(kind, read, prepare, rounds) {
  const lanes = [
    { name: 'short', text: textOf(kind, LENGTH), times: LONGER },
    { name: 'long', text: textOf(kind, LENGTH * LONGER), times: 1 },
  ];
  const samples = await inTurns(lanes, { rounds, warmUp: 3 }, async ({ text, times }) => {
    prepare?.(text);
    const began = performance.now();
    for (let time = 0; time < times; time++) await read(text);
    return performance.now() - began;
  });
  const [short, long] = lanes.map(({ name }) => Math.min(...samples.map((round) => round[name])));
  return { name: kind.name, ms: long, growth: long / short };
}

export async function measure({ plan: { rounds } }) {
  const subject = await createSubject();
  const rows = [];
  for (const kind of challenges)
    rows.push(await growthOf(kind, subject.readChallenge, subject.prepare, rounds));
  for (const kind of numbers) rows.push(await growthOf(kind, subject.readLifetime, undefined, rounds));
  subject.close();
  return rows.toSorted((one, other) => other.growth - one.growth);
}

export const figures = ([slowest]) => [{ id: 'hostile.growth', value: slowest.growth }];

export const tables = (rows) => [
  {
    title: `${(LENGTH * LONGER).toLocaleString('en-US')} characters, against ${LONGER} times a quarter of them; the ten that grow most`,
    columns: ['', 'ms', `of ${LONGER} short ones`],
    rows: rows.slice(0, 10).map(({ name, ms, growth }) => [name, ms, growth]),
  },
];
