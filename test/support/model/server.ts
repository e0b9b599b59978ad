/** A strict authorization server and its API: a refresh token is good once, and reuse ends the whole session. */
import type { TokenResponse } from 'evertoken';

/** What became of an answer that carried tokens. */
export interface Delivery {
  /** The context that asked. */
  readonly by: string;
  readonly sentAt: number;
  /** `lost`: nobody will ever have these tokens. */
  fate: 'pending' | 'lost' | 'done';
  /** Its access token. */
  brings?: string | undefined;
}

/** A session as the server sees it. */
export interface Family {
  readonly id: number;
  /** No token of it is good any more. */
  isDead: boolean;
  /** Lost tokens, a crash or a failing storage may have cost it. */
  isExcused: boolean;
}

interface RefreshToken {
  readonly family: Family;
  /** The access tokens that came with it, and after it alone. */
  readonly companions: AccessToken[];
  /** What it was spent for, or the change of credentials that replaced it. */
  use?: Delivery;
  isReplaced?: boolean;
}

interface AccessToken {
  readonly family: Family;
  readonly expiresAt: number;
  /** Not good any more. */
  isRefused: boolean;
  /** Somebody was told so. */
  isKnownBad: boolean;
}

export interface ServerParts {
  now(): number;
  /** Whether a token that was presented may be presented once more: the first presenter seems to be gone, or this one is. */
  isAbandoned(use: Delivery, by: string): boolean;
  /** Whether this context may refresh although its tokens look good from here. */
  mayRefresh(by: string): boolean;
  blame(violation: string): void;
}

/** Seconds. */
export const LIFETIME = 300;
/** The default of `refreshAhead`, and as long as a refresh may take: its tokens age from its beginning (R10). */
const AHEAD = 60_000 + 30_000;

const invalidGrant = () => Response.json({ error: 'invalid_grant' }, { status: 400 });

export type Server = ReturnType<typeof createServer>;

export function createServer({ now, isAbandoned, mayRefresh, blame }: ServerParts) {
  const families: Family[] = [];
  const refreshTokens = new Map<string, RefreshToken>();
  const accessTokens = new Map<string, AccessToken>();
  let issued = 0;

  /** Whether there is a reason to replace what a refresh token has brought. */
  const isNeeded = ({ companions }: RefreshToken) =>
    companions.some(({ isKnownBad, expiresAt }) => isKnownBad || now() >= expiresAt - AHEAD);

  function grant(family: Family, delivery?: Delivery, isPartial = false): TokenResponse {
    const end = `secret-${family.id}-${++issued}`;
    const token = { family, expiresAt: now() + LIFETIME * 1_000, isRefused: false, isKnownBad: false };
    accessTokens.set(`access-${end}`, token);
    if (delivery) delivery.brings = `access-${end}"`;
    if (isPartial) newestOf(family)?.companions.push(token);
    else refreshTokens.set(`refresh-${end}`, { family, companions: [token] });
    return {
      access_token: `access-${end}`,
      expires_in: LIFETIME,
      ...(!isPartial && { refresh_token: `refresh-${end}` }),
    };
  }

  const newestOf = (family: Family) =>
    [...refreshTokens.values()].findLast((token) => token.family === family);
  const isGood = ({ family, isRefused, expiresAt }: AccessToken) =>
    !family.isDead && !isRefused && now() < expiresAt;

  /** A token that was spent or replaced is here again. */
  function reuse({ family, isReplaced }: RefreshToken, use: Delivery, by: string) {
    if (isReplaced) {
      // Nobody else can know of new credentials before they are stored; whoever changed them knows.
      family.isExcused ||= isAbandoned(use, by) || (use.fate !== 'done' && use.by !== by);
    } else {
      // If the new tokens are lost, a strict server cannot be satisfied.
      const isExcused = use.fate === 'lost' || isAbandoned(use, by);
      if (!isExcused) blame(`${by} presented a refresh token that ${use.by} had spent`);
      family.isExcused ||= isExcused;
      family.isDead = true;
    }
    return invalidGrant();
  }

  return {
    families,
    familyOf: (accessToken: string | undefined) => accessTokens.get(`${accessToken}`)?.family,
    signIn(): TokenResponse {
      const family = { id: families.length, isDead: false, isExcused: false };
      families.push(family);
      return grant(family);
    },
    refresh(text: string, delivery: Delivery): Response {
      const token = refreshTokens.get(text);
      if (!token) throw new Error(`nobody has issued ${text}`);
      const { family } = token;
      if (token.use) return reuse(token, token.use, delivery.by);
      if (family.isDead) return invalidGrant();
      if (!isNeeded(token) && !mayRefresh(delivery.by))
        blame(`${delivery.by} refreshed tokens that were good`);
      token.use = delivery;
      return Response.json(grant(family, delivery));
    },
    /** New credentials: the tokens issued before are stale. */
    change(accessToken: string, isPartial: boolean, delivery: Delivery): Response {
      const family = accessTokens.get(accessToken)?.family as Family;
      for (const token of accessTokens.values()) if (token.family === family) token.isRefused = true;
      for (const token of refreshTokens.values()) {
        if (isPartial || token.family !== family || token.use) continue;
        token.use = delivery;
        token.isReplaced = true;
      }
      return Response.json(grant(family, delivery, isPartial));
    },
    revoke(text: string): Response {
      const family = refreshTokens.get(text)?.family;
      if (family) family.isDead = true;
      return new Response();
    },
    /** Whether the API takes it. */
    accepts(accessToken: string): boolean {
      const token = accessTokens.get(accessToken);
      if (!token) return false;
      token.isKnownBad ||= !isGood(token);
      return isGood(token);
    },
    /** From now on the API refuses the newest token. */
    refuse(): void {
      const token = [...accessTokens.values()].at(-1);
      if (token) token.isRefused = true;
    },
    /** When the newest token expires. */
    expiry: () => [...accessTokens.values()].at(-1)?.expiresAt ?? now(),
  };
}
