/** Turns what the three parties report into lines of the picture. */
import type { TokenEvents } from 'evertoken';
import type { ApiRequest } from './api.ts';
import type { Line, Party } from './lanes.ts';
import { createPicture, type Picture } from './picture.ts';

type Refreshed = TokenEvents['token-refreshed'];

export interface Story {
  asksForTokens(): void;
  hasTokens(expiresAt: number | undefined): void;
  /** A call arrived at the token endpoint. */
  tokenRequest(): void;
  /** The API judged a request. */
  apiRequest(request: ApiRequest): void;
  denied(): void;
  refreshed(event: Refreshed): void;
  refreshFailed(reason: string): void;
  end(): void;
}

const AS = 'authorization server';
const RS = 'resource server';
const CLIENT = 'client';

/** How often the requests that simply work are summed up, in milliseconds. */
const SUM_EVERY = 500;

const WHY: Partial<Record<Refreshed['cause'], string>> = {
  ahead: 'the token ends soon, requests go on',
  expired: 'the token has ended, requests wait',
};

export function createStory(): Story {
  const total = { sent: 0, accepted: 0, refused: 0 };
  const picture = createPicture(
    () => `${total.sent} requests arrived, ${total.accepted} accepted, ${total.refused} refused`,
  );
  const tell = createTeller(picture);
  const flow = sumUp(picture);
  const refused = new Set<string>();
  let signedIn = false;

  return {
    asksForTokens: () => tell('A', CLIENT, AS, 'to the login page'),
    hasTokens(expiresAt) {
      signedIn = true;
      remember(picture, picture.now(), expiresAt);
      tell('B', AS, CLIENT, 'access token, refresh token');
    },
    tokenRequest() {
      if (!signedIn) return tell('A', CLIENT, AS, 'the code, with its PKCE verifier');
      picture.hold(); // whether this was E or F is known when the tokens are there
      tell('G', CLIENT, AS, 'the refresh token, and only that');
    },
    apiRequest({ path, refusal }) {
      total.sent += 1;
      total[refusal ? 'refused' : 'accepted'] += 1;
      flow.count(refusal === undefined);
      if (refusal) tell('F', RS, CLIENT, `401, the token is ${refusal}`);
      else if (refused.delete(path)) tell('again', CLIENT, RS, 'the refused request, accepted now');
      if (refusal) refused.add(path);
    },
    denied: () => tell('', RS, undefined, 'puts the current token on its deny list'),
    refreshed({ cause, durationMs, expiresAt }) {
      const at = picture.now();
      const why = WHY[cause];
      if (why) tell('E', CLIENT, undefined, why, at - durationMs);
      remember(picture, at, expiresAt);
      tell('H', AS, CLIENT, `new tokens (${cause}, ${Math.round(durationMs)} ms)`, at);
      picture.release();
    },
    refreshFailed(reason) {
      tell('H', AS, CLIENT, `no new tokens: ${reason}`);
      picture.release();
    },
    end() {
      flow.end();
      picture.end();
    },
  };
}

type Tell = (step: string, from: Party, to: Party | undefined, note: string, at?: number) => void;

function createTeller(picture: Picture): Tell {
  return (step, from, to, note, at = picture.now()) => {
    const line: Line = { at, step, from, note, ...(to ? { to } : {}) };
    picture.show(line);
  };
}

function remember(picture: Picture, issuedAt: number, expiresAt: number | undefined): void {
  const left = (expiresAt ?? Date.now()) - Date.now();
  picture.token(issuedAt, picture.now() + left);
}

/** C and D: a line for each half second instead of one for each request. */
function sumUp(picture: Picture) {
  let [sent, accepted] = [0, 0];
  function flush(): void {
    if (sent > 0) {
      const at = picture.now();
      const note = `${sent} requests, ${accepted} accepted`;
      picture.show({ at, step: 'C D', from: CLIENT, to: RS, both: true, note });
    }
    [sent, accepted] = [0, 0];
  }
  const timer = setInterval(flush, SUM_EVERY);
  return {
    count(isAccepted: boolean) {
      sent += 1;
      if (isAccepted) accepted += 1;
    },
    end() {
      clearInterval(timer);
      flush();
    },
  };
}
