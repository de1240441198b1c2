import { randomUUID } from 'node:crypto';
import { createSigner, createVerifier, TokenError as JwtError } from 'fast-jwt';
import { LRUCache } from 'lru-cache';
import type { Config } from '../config/config.js';
import { type Key, KeyRing } from '../config/key-ring.js';

export type TokenType = 'access' | 'refresh';

/** The claims of both kinds of token. Times in seconds since 1970. */
export interface Claims {
  readonly token_type: TokenType;
  readonly exp: number;
  readonly iat: number;
  /** 32 hex digits, unique per token. */
  readonly jti: string;
  readonly user_id: string;
  /** The tenant: its schema without `tenant_`. */
  readonly tid: string;
  /** The session; missing in tokens that were issued before there were any. */
  readonly sid?: string | undefined;
  readonly email: string;
  readonly username: string;
  readonly groups: readonly string[];
  /** The issuer, and the tenant that it is for; missing in older tokens. */
  readonly iss?: string;
  readonly aud?: string;
}

/** The settings of tokens. */
type TokenSettings = Pick<Config, 'secretKey' | 'sessions' | 'accessTokenLifetime' | 'refreshTokenLifetime'>;

/** The claims of a verified token: these are present, the others may be missing or of any type. */
export type ReadClaims = Partial<Claims> & Pick<Claims, 'exp' | 'jti'>;

/** Thrown for an invalid token, in SimpleJWT's words. */
export class InvalidTokenError extends Error {}

/** The claims that identify the user and the session. */
export type Holder = Pick<Claims, 'user_id' | 'tid' | 'sid' | 'email' | 'username' | 'groups'>;

/** A new token with its claims. */
export interface IssuedToken {
  readonly token: string;
  readonly claims: Claims;
}

const KEPT_TOKENS = 20_000;
/** The claim `iss` of all tokens of tenants; `aud` is the tenant. */
const ISSUER = 'leopard';
const LONGEST_HEADER = 500;

/** The limits of a new token, in seconds since 1970. */
export interface IssueLimits {
  /** It is dated at this second at the earliest, because the holder's older tokens are ended. */
  readonly from?: number;
  /** Seconds for which it lives at most, if less than usual. */
  readonly lifetime?: number;
  /** The end of its session, and its own at the latest. */
  readonly until?: number;
}

/** A verified token in memory. */
interface Checked {
  readonly claims: ReadClaims;
  /** The time from which it must be verified again, in milliseconds since 1970: its end, or that of its key. */
  readonly until: number;
}

/** Issues and verifies tokens (HS256) with the program's keys. */
export class Tokens {
  readonly #keys: KeyRing;
  readonly #signers = new LRUCache<string, (claims: object) => string>({ max: 10 });
  readonly #verifiers = new LRUCache<string, (token: string) => unknown>({ max: 100 });
  readonly #lifetimes: Readonly<Record<TokenType, number>>;
  /**
   * Cache of verified tokens: a browser sends the same one for hours. A `max` would allocate memory for that many at
   * once.
   */
  readonly #checked = new LRUCache<string, Checked>({ maxSize: KEPT_TOKENS, sizeCalculation: () => 1 });
  #version = 0;

  constructor(
    { secretKey, sessions, accessTokenLifetime, refreshTokenLifetime }: TokenSettings,
    keys = new KeyRing(secretKey, sessions.keysFile),
    /** The claim `iss`; tokens of another issuer are invalid. */
    private readonly issuer = ISSUER,
  ) {
    this.#keys = keys;
    this.sessionLifetime = sessions.lifetime;
    this.#lifetimes = { access: accessTokenLifetime, refresh: refreshTokenLifetime };
  }

  /** Seconds after its log-in at which a session ends; 0: never. */
  readonly sessionLifetime: number;

  /** Returns the lifetime of tokens of this kind, in seconds. */
  lifetime(type: TokenType): number {
    return this.#lifetimes[type];
  }

  /** Issues a token of this kind; returns its claims too. */
  issue(
    type: TokenType,
    holder: Holder,
    { from = 0, lifetime = Infinity, until = Infinity }: IssueLimits = {},
  ): IssuedToken {
    const iat = Math.max(Math.floor(Date.now() / 1000), from);
    const claims: Claims = {
      token_type: type,
      exp: Math.min(iat + Math.min(this.#lifetimes[type], lifetime), Math.floor(until)),
      iat,
      jti: randomUUID().replaceAll('-', ''),
      iss: this.issuer,
      aud: holder.tid,
      ...holder,
    };
    return { token: this.#signer(this.#keys.signing)(claims), claims };
  }

  /**
   * Returns the claims of a token, after checking signature, expiry and, where given, kind. The caller checks which
   * further claims are present.
   * @throws InvalidTokenError
   */
  read(token: string, type?: TokenType): ReadClaims {
    const { version } = this.#keys;
    if (version !== this.#version) {
      this.#checked.clear();
      this.#version = version;
    }
    let checked = this.#checked.get(token);
    if (!checked || checked.until <= Date.now()) {
      checked = this.#check(token);
      this.#checked.set(token, checked);
    }
    if (type) checkType(checked.claims, type);
    return checked.claims;
  }

  #check(token: string): Checked {
    const key = this.#keys.find(kidOf(token));
    if (!key) throw new InvalidTokenError('Token is invalid');
    let claims: Partial<Claims>;
    try {
      claims = this.#verifier(key)(token) as Partial<Claims>;
    } catch (error) {
      const expired = error instanceof JwtError && error.code === JwtError.codes.expired;
      throw new InvalidTokenError(expired ? 'Token is expired' : 'Token is invalid');
    }
    if (typeof claims !== 'object' || claims === null) throw new InvalidTokenError('Token is invalid');
    if (claims.exp === undefined) throw new InvalidTokenError("Token has no 'exp' claim");
    if (typeof claims.jti !== 'string') throw new InvalidTokenError('Token has no id');
    // Missing in tenants' tokens that were issued before there was one.
    const { iss = ISSUER } = claims;
    if (iss !== this.issuer) throw new InvalidTokenError('Token is invalid');
    return { claims: claims as ReadClaims, until: Math.min(claims.exp * 1000, key.until) };
  }

  #signer({ id, secret }: Key): (claims: object) => string {
    let sign = this.#signers.get(secret);
    if (!sign) {
      sign = createSigner({ key: secret, algorithm: 'HS256', kid: id });
      this.#signers.set(secret, sign);
    }
    return sign;
  }

  #verifier({ secret }: Key): (token: string) => unknown {
    let verify = this.#verifiers.get(secret);
    if (!verify) {
      verify = createVerifier({ key: secret, algorithms: ['HS256'] });
      this.#verifiers.set(secret, verify);
    }
    return verify;
  }
}

/**
 * Returns the name of a token's key, unverified; undefined where it has none.
 * @throws InvalidTokenError for a header that is none
 */
function kidOf(token: string): string | undefined {
  const end = token.indexOf('.');
  if (end < 0 || end > LONGEST_HEADER) throw new InvalidTokenError('Token is invalid');
  try {
    const { kid } = JSON.parse(Buffer.from(token.slice(0, end), 'base64url').toString()) as { kid?: unknown };
    if (kid === undefined || typeof kid === 'string') return kid;
  } catch {
    // reported below
  }
  throw new InvalidTokenError('Token is invalid');
}

function checkType(claims: Partial<Claims>, type: TokenType): void {
  if (claims.token_type === undefined) throw new InvalidTokenError('Token has no type');
  if (claims.token_type !== type) throw new InvalidTokenError('Token has wrong type');
}
