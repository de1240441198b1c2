import { randomUUID } from 'node:crypto';
import { createSigner, createVerifier, TokenError as JwtError } from 'fast-jwt';
import { LRUCache } from 'lru-cache';
import type { Config } from '../config/config.js';

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
}

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

/** Issues and verifies tokens (HS256) with the configured key. */
export class Tokens {
  readonly #sign: (claims: object) => string;
  readonly #verify: (token: string) => unknown;
  readonly #lifetimes: Readonly<Record<TokenType, number>>;
  /**
   * Cache of verified tokens: a browser sends the same one for hours. A `max` would allocate memory for that many at
   * once.
   */
  readonly #checked = new LRUCache<string, ReadClaims>({ maxSize: KEPT_TOKENS, sizeCalculation: () => 1 });

  constructor({ secretKey, accessTokenLifetime, refreshTokenLifetime }: Config) {
    this.#sign = createSigner({ key: secretKey, algorithm: 'HS256' });
    this.#verify = createVerifier({ key: secretKey, algorithms: ['HS256'] });
    this.#lifetimes = { access: accessTokenLifetime, refresh: refreshTokenLifetime };
  }

  /** Returns the lifetime of tokens of this kind, in seconds. */
  lifetime(type: TokenType): number {
    return this.#lifetimes[type];
  }

  /**
   * Issues a token of this kind; returns its claims too.
   * @param from dates it at this second at the earliest, because the holder's older tokens are ended
   */
  issue(type: TokenType, holder: Holder, from = 0): IssuedToken {
    const iat = Math.max(Math.floor(Date.now() / 1000), from);
    const claims: Claims = {
      token_type: type,
      exp: iat + this.#lifetimes[type],
      iat,
      jti: randomUUID().replaceAll('-', ''),
      ...holder,
    };
    return { token: this.#sign(claims), claims };
  }

  /**
   * Returns the claims of a token, after checking signature, expiry and, where given, kind. The caller checks which
   * further claims are present.
   * @throws InvalidTokenError
   */
  read(token: string, type?: TokenType): ReadClaims {
    let claims = this.#checked.get(token);
    if (claims && claims.exp * 1000 <= Date.now()) throw new InvalidTokenError('Token is expired');
    if (!claims) {
      claims = this.#check(token);
      this.#checked.set(token, claims);
    }
    if (type) checkType(claims, type);
    return claims;
  }

  #check(token: string): ReadClaims {
    let claims: Partial<Claims>;
    try {
      claims = this.#verify(token) as Partial<Claims>;
    } catch (error) {
      const expired = error instanceof JwtError && error.code === JwtError.codes.expired;
      throw new InvalidTokenError(expired ? 'Token is expired' : 'Token is invalid');
    }
    if (typeof claims !== 'object' || claims === null) throw new InvalidTokenError('Token is invalid');
    if (claims.exp === undefined) throw new InvalidTokenError("Token has no 'exp' claim");
    if (typeof claims.jti !== 'string') throw new InvalidTokenError('Token has no id');
    return claims as ReadClaims;
  }
}

function checkType(claims: Partial<Claims>, type: TokenType): void {
  if (claims.token_type === undefined) throw new InvalidTokenError('Token has no type');
  if (claims.token_type !== type) throw new InvalidTokenError('Token has wrong type');
}
