import { mapResult, unexpected } from './answers.js';
import type { Calls } from './calls.js';
import type { KeptTokens } from './kept-tokens.js';
import type { Renewal } from './renewal.js';
import { SIGNED_OUT } from './renewal.js';
import { type ApiError, failure, isError, type Result } from './result.js';
import { pairIn, type SignedInUser, type Tokens, userOf } from './tokens.js';
import type { CallOptions, Schemas } from './types.js';

export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** Code of the second factor, where it is asked for together with the password. */
  readonly code?: string | undefined;
}

/** The answer to a second factor: a code of the app, a recovery code, or the browser's answer as JSON. */
export type FactorAnswer =
  | { readonly code: string }
  | { readonly passkey: Schemas['PasskeyAssertionRequest'] };

/** A log-in by which the user's first second factor was set up. */
export interface EnrolledUser {
  readonly user: SignedInUser;
  /** Shown this once. */
  readonly recoveryCodes: readonly string[];
}

interface SessionParts {
  readonly calls: Calls;
  readonly kept: KeptTokens;
  readonly renewal: Renewal;
  /** Sent with log-ins, so that strangers' wrong guesses do not lock out this device. */
  readonly deviceToken: string | undefined;
}

/** Log-in, log-out and everything else that replaces the tokens. */
export class Session {
  readonly #parts: SessionParts;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /** Returns the user who is signed in; null when nobody is. The server may have ended the session meanwhile. */
  async user(): Promise<SignedInUser | null> {
    const tokens = await this.#parts.kept.read();
    return tokens === null || isError(tokens) ? null : userOf(tokens);
  }

  /** Calls the listener whenever somebody signs in or out or the tokens are exchanged. @returns a function that ends this */
  onChange(listener: () => void): () => void {
    return this.#parts.kept.subscribe(listener);
  }

  /** Logs in. A second factor, or a password that has to be changed, is an error of the kind `challenge`. */
  async logIn(
    { username, password, code }: Credentials,
    options: CallOptions = {},
  ): Promise<Result<SignedInUser>> {
    return await this.#signIn(
      '/api/token/',
      { username, password, ...(code !== undefined && { code }) },
      options,
    );
  }

  /** Goes on with a log-in that asked for the second factor. */
  async answerChallenge(
    challenge: string,
    answer: FactorAnswer,
    options: CallOptions = {},
  ): Promise<Result<SignedInUser>> {
    return await this.#signIn('/api/token/second-factor/', { challenge, ...answer }, options);
  }

  /** Goes on with a log-in that asked for another password. */
  async setDemandedPassword(
    challenge: string,
    password: string,
    options: CallOptions = {},
  ): Promise<Result<SignedInUser>> {
    return await this.#signIn('/api/password-change/', { challenge, password }, options);
  }

  /** Begins the set-up of an authenticator app, in a log-in that asked for it. */
  async beginTotp(challenge: string, options: CallOptions = {}): Promise<Result<Schemas['NewTotp']>> {
    return await this.#post('/api/token/second-factor/enrolment/totp/', { challenge }, options);
  }

  /** Finishes it with the app's first code, and the log-in. */
  async finishTotp(
    challenge: string,
    code: string,
    options: CallOptions = {},
  ): Promise<Result<EnrolledUser>> {
    return await this.#enrol(
      '/api/token/second-factor/enrolment/totp/confirm/',
      { challenge, code },
      options,
    );
  }

  /** Begins the set-up of a passkey, in a log-in that asked for it. */
  async beginPasskey(
    challenge: string,
    options: CallOptions = {},
  ): Promise<Result<Schemas['PasskeyOptions']>> {
    return await this.#post('/api/token/second-factor/enrolment/passkey/', { challenge }, options);
  }

  /** Finishes it with the browser's answer as JSON, and the log-in. */
  async finishPasskey(
    body: Schemas['PasskeyEnrolmentRequest'],
    options: CallOptions = {},
  ): Promise<Result<EnrolledUser>> {
    return await this.#enrol('/api/token/second-factor/enrolment/passkey/confirm/', body, options);
  }

  /** Returns the argument of `navigator.credentials.get` for a log-in with a passkey alone. */
  async passkeyOptions(options: CallOptions = {}): Promise<Result<Schemas['PasskeyOptions']>> {
    return await this.#post('/api/token/passkey/options/', undefined, options);
  }

  /** Logs in with a passkey alone. */
  async logInWithPasskey(
    passkey: Schemas['PasskeyAssertionRequest'],
    options: CallOptions = {},
  ): Promise<Result<SignedInUser>> {
    return await this.#signIn('/api/token/passkey/', { passkey }, options);
  }

  /** Changes one's own password, which ends all other sessions. */
  async changePassword(
    body: Schemas['ChangePasswordRequest'],
    options: CallOptions = {},
  ): Promise<Result<SignedInUser>> {
    return await this.#replace(options, () => ({ path: '/api/v1/users/change-password/', body }));
  }

  /** Ends all other sessions of the user. */
  async endOthers(options: CallOptions = {}): Promise<Result<SignedInUser>> {
    return await this.#replace(options, ({ refresh }) => ({
      path: '/api/v1/sessions/end-all/',
      body: { refresh },
    }));
  }

  /** Logs out. Here this always succeeds; the result tells whether the server knows of it. */
  async logOut(options: CallOptions = {}): Promise<Result<undefined>> {
    const { calls, kept } = this.#parts;
    const forget = async () => {
      const present = await kept.read();
      await kept.write(null);
      return present ?? SIGNED_OUT;
    };
    let tokens = await this.#alone(options, forget);
    // An exchange that hangs keeps nobody signed in: it finds that its pair is gone.
    if (isError(tokens) && tokens.kind !== 'signed_out') tokens = await forget();
    if (isError(tokens)) return failure(tokens);
    const body = { refresh: tokens.refresh };
    const answer = await calls.json('POST', '/api/token/blacklist/', { ...options, body });
    return mapResult(answer, () => undefined);
  }

  async #post<T>(path: string, body: unknown, options: CallOptions): Promise<Result<T>> {
    const { calls, deviceToken } = this.#parts;
    const headers = deviceToken === undefined ? undefined : { 'x-device-token': deviceToken };
    return await calls.json<T>('POST', path, { ...options, body, headers });
  }

  async #signIn(path: string, body: unknown, options: CallOptions): Promise<Result<SignedInUser>> {
    const answer = await this.#post(path, body, options);
    return answer.ok ? await this.#adopt(answer, options) : answer;
  }

  async #enrol(path: string, body: unknown, options: CallOptions): Promise<Result<EnrolledUser>> {
    const answer = await this.#post<Schemas['EnrolledLogIn']>(path, body, options);
    if (!answer.ok) return answer;
    const recoveryCodes = answer.data.recovery_codes;
    return mapResult(await this.#adopt(answer, options), (user) => ({ user, recoveryCodes }));
  }

  /** Keeps the pair of an answer. */
  async #adopt(answer: Result<unknown> & { ok: true }, options: CallOptions): Promise<Result<SignedInUser>> {
    const found = pairWithUser(answer);
    if (isError(found)) return failure(found);
    const over = await this.#alone(options, async () => {
      await this.#parts.kept.write(found.pair);
      return found.user;
    });
    return isError(over) ? failure(over) : { ...answer, data: over };
  }

  /**
   * Makes a call that replaces the tokens, alone: others that are refused meanwhile wait for the new pair instead of
   * presenting a refresh token that has ended. A caller that goes away does not end it, or the new pair would be lost.
   */
  async #replace(
    options: CallOptions,
    request: (tokens: Tokens) => { readonly path: string; readonly body: unknown },
  ): Promise<Result<SignedInUser>> {
    const { calls, kept, renewal } = this.#parts;
    const timeoutMs = options.timeoutMs;
    const send = (tokens: Tokens) => {
      const { path, body } = request(tokens);
      return calls.json('POST', path, { body, timeoutMs }, tokens.access);
    };
    const done = await this.#alone<{ readonly result: Result<SignedInUser> }>(options, async () => {
      const tokens = await kept.read();
      if (tokens === null) return SIGNED_OUT;
      if (isError(tokens)) return tokens;
      let answer = await send(tokens);
      if (!answer.ok && answer.error.kind === 'detail' && answer.error.status === 401) {
        const renewed = await renewal.exchange(tokens);
        if (isError(renewed)) return renewed;
        answer = await send(renewed);
      }
      if (!answer.ok) return { result: answer };
      const found = pairWithUser(answer);
      if (isError(found)) return found;
      await kept.write(found.pair);
      return { result: { ...answer, data: found.user } };
    });
    return isError(done) ? failure(done) : done.result;
  }

  /** Runs work under the lock of the tokens, and waits for it as long as the call may take. */
  async #alone<T extends object>(
    options: CallOptions,
    work: () => Promise<T | ApiError>,
  ): Promise<T | ApiError> {
    const { calls, kept } = this.#parts;
    return await calls.within(options, calls.settings.timeoutMs, async (deadline) => {
      try {
        // Who has given up gets nothing done when the turn comes at last.
        return await deadline.race(kept.locked(async () => deadline.error ?? (await work())));
      } catch (cause) {
        return { kind: 'storage', message: 'The lock of the tokens failed.', cause };
      }
    });
  }
}

function pairWithUser(
  answer: Result<unknown> & { ok: true },
): { readonly pair: Tokens; readonly user: SignedInUser } | ApiError {
  const pair = pairIn(answer.data);
  const user = pair && userOf(pair);
  if (pair && user) return { pair, user };
  return unexpected({ status: answer.status, headers: new Headers() }, 'form');
}
