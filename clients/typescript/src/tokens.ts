/** A pair of tokens as it is stored. */
export interface Tokens {
  readonly access: string;
  /** Good for one exchange. */
  readonly refresh: string;
  /** End of the access token on this machine's clock, in milliseconds since 1970; null where it does not tell. */
  readonly expiresAt: number | null;
  /** Time at which the pair was received, likewise. */
  readonly receivedAt: number;
}

/** The user that a token is for. */
export interface SignedInUser {
  readonly id: number;
  readonly username: string;
  readonly email: string;
  readonly groups: readonly string[];
  /** The agency. */
  readonly tenant: string;
}

type Claims = Readonly<Record<string, unknown>>;

const TOKEN = /^[\w.~+/=-]{1,16384}$/;
/** Milliseconds before its end from which an access token is exchanged, where it lives long enough. */
const EXCHANGED_BEFORE_MS = 30_000;

/** Returns a pair with its end on this machine's clock; null for an answer that is no pair. */
export function pairIn(answer: unknown, now = Date.now()): Tokens | null {
  const { access, refresh } = (answer ?? {}) as Record<string, unknown>;
  if (!isToken(access) || !isToken(refresh)) return null;
  const { exp, iat } = claimsOf(access);
  // The server's clock may differ: only the span between its two times counts.
  const lifetime = typeof exp === 'number' && typeof iat === 'number' ? Math.max(0, exp - iat) * 1000 : null;
  return { access, refresh, expiresAt: lifetime === null ? null : now + lifetime, receivedAt: now };
}

/** Returns a pair that was stored; null for anything else. */
export function storedPair(value: unknown): Tokens | null {
  const { access, refresh, expiresAt = null, receivedAt = 0 } = (value ?? {}) as Record<string, unknown>;
  if (!isToken(access) || !isToken(refresh)) return null;
  if (expiresAt !== null && typeof expiresAt !== 'number') return null;
  return { access, refresh, expiresAt, receivedAt: Number(receivedAt) };
}

const isToken = (value: unknown): value is string => typeof value === 'string' && TOKEN.test(value);

/** Returns whether an access token is about to end. */
export function endsSoon({ expiresAt, receivedAt }: Tokens, now = Date.now()): boolean {
  if (expiresAt === null) return false;
  const margin = Math.min(EXCHANGED_BEFORE_MS, (expiresAt - receivedAt) / 10);
  return now >= expiresAt - margin;
}

/** Returns the user of a token; null where it does not tell. */
export function userOf({ access }: Tokens): SignedInUser | null {
  const { user_id, username, email, groups, tid } = claimsOf(access);
  if (typeof user_id !== 'string' || typeof username !== 'string') return null;
  return {
    id: Number(user_id),
    username,
    email: typeof email === 'string' ? email : '',
    groups: Array.isArray(groups) ? groups.filter((group) => typeof group === 'string') : [],
    tenant: typeof tid === 'string' ? tid : '',
  };
}

/** Returns whether two pairs are the same user's: what one of them asked for, another must not ask for. */
export function isSameUser(one: Tokens, other: Tokens): boolean {
  const [a, b] = [claimsOf(one.access), claimsOf(other.access)];
  return a.user_id === b.user_id && a.tid === b.tid;
}

/** Returns a name for a pair, of which nobody learns the tokens. */
export function idOf({ refresh }: Tokens): string {
  const { jti } = claimsOf(refresh);
  return typeof jti === 'string' ? jti : refresh.slice(-16);
}

/** Returns the claims of a token, unverified: the server verifies. */
function claimsOf(token: string): Claims {
  try {
    const [, payload = ''] = token.split('.');
    const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (letter) =>
      letter.charCodeAt(0),
    );
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof claims === 'object' && claims !== null ? (claims as Claims) : {};
  } catch {
    return {};
  }
}
