import { networkError, readAnswer, unexpected } from './answers.js';
import { Deadline } from './deadline.js';
import type { KeptTokens } from './kept-tokens.js';
import type { Outgoing } from './requests.js';
import { type ApiError, isError } from './result.js';
import { endsSoon, isSameUser, pairIn, type Tokens } from './tokens.js';
import type { Transport } from './transport.js';

export const SIGNED_OUT: ApiError = {
  kind: 'signed_out',
  message: 'You are not signed in, or your session has ended.',
};

/** Time within which an exchange of tokens answers, and within which its turn comes, in milliseconds. */
const EXCHANGED_WITHIN_MS = 30_000;

/** Gives calls a usable access token. However many need a new one, the refresh token is sent once. */
export class Renewal {
  #underWay: Promise<Tokens | ApiError> | null = null;

  constructor(
    private readonly transport: Transport,
    private readonly kept: KeptTokens,
    private readonly baseUrl: string,
  ) {}

  /** Returns the present pair, exchanged first when it is about to end. */
  async usable(deadline: Deadline): Promise<Tokens | ApiError> {
    const tokens = await this.kept.read();
    if (tokens === null) return SIGNED_OUT;
    if (isError(tokens) || !endsSoon(tokens)) return tokens;
    const renewed = await this.renew(tokens, deadline);
    // An access token that is good for some seconds more is worth an attempt.
    const isGood = tokens.expiresAt !== null && tokens.expiresAt > Date.now();
    return isError(renewed) && renewed.kind !== 'signed_out' && isGood ? tokens : renewed;
  }

  /**
   * Returns a pair after the one that was of no use: another's, if somebody has exchanged it already.
   * @param used the pair whose access token was refused, or is about to end
   */
  async renew(used: Tokens, deadline: Deadline): Promise<Tokens | ApiError> {
    const present = await this.kept.read();
    const known = anotherThan(used, present);
    const renewed = known ?? (await deadline.race(this.#renewOnce(used)));
    // Somebody else may have signed in meanwhile, who did not ask for this.
    return isError(renewed) || isSameUser(used, renewed) ? renewed : SIGNED_OUT;
  }

  #renewOnce(used: Tokens): Promise<Tokens | ApiError> {
    this.#underWay ??= this.#inTime(used).finally(() => {
      this.#underWay = null;
    });
    return this.#underWay;
  }

  /** Waits for the turn and exchanges. A turn that comes late finds another pair, or exchanges for the next caller. */
  async #inTime(used: Tokens): Promise<Tokens | ApiError> {
    const deadline = new Deadline(2 * EXCHANGED_WITHIN_MS);
    try {
      return await deadline.race(this.kept.locked(() => this.exchange(used)));
    } catch (error) {
      return networkError(error);
    } finally {
      deadline.close();
    }
  }

  /** Exchanges a pair that is still the present one. Call it under the lock. */
  async exchange(used: Tokens): Promise<Tokens | ApiError> {
    const present = await this.kept.read();
    const known = anotherThan(used, present);
    if (known) return known;
    const deadline = new Deadline(EXCHANGED_WITHIN_MS);
    try {
      // Once: the answer to a first attempt may be lost, and then the token is spent.
      const answer = await this.transport.attempt(this.#request(used.refresh), null, deadline);
      if (isError(answer)) return answer;
      const result = await readAnswer(answer, deadline, { most: 1024 * 1024, parse: JSON.parse });
      if (!result.ok) return isRefused(result.error) ? await this.#endUnlessReplaced(used) : result.error;
      const pair = pairIn(result.data);
      if (!pair) return unexpected(answer, 'form');
      // A log-out did not wait for the answer.
      if ((await this.kept.read()) === null) return SIGNED_OUT;
      await this.kept.write(pair);
      return pair;
    } finally {
      deadline.close();
    }
  }

  /** Forgets a pair that the server refused, unless another tab, not bound by the lock, has exchanged it first. */
  async #endUnlessReplaced(used: Tokens): Promise<Tokens | ApiError> {
    const known = anotherThan(used, await this.kept.read());
    if (known) return known;
    await this.kept.write(null);
    return SIGNED_OUT;
  }

  #request(refresh: string): Outgoing {
    return {
      method: 'POST',
      url: `${this.baseUrl}/api/token/refresh/`,
      accept: 'application/json',
      body: { content: JSON.stringify({ refresh }), type: 'application/json' },
    };
  }
}

/** Returns whether the API, and no proxy before it, says that a token is good for nothing any more. */
const isRefused = (error: ApiError) => error.kind === 'detail' && error.status === 401;

/** Returns what is stored instead of a used pair: another pair, or an error where there is none; null for the same one. */
function anotherThan(used: Tokens, present: Tokens | null | ApiError): Tokens | ApiError | null {
  if (present === null) return SIGNED_OUT;
  if (isError(present)) return present;
  return present.access === used.access ? null : present;
}
