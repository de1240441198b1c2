import { type ParseJson, readAnswer } from './answers.js';
import { drop } from './bytes.js';
import { Deadline } from './deadline.js';
import { type Renewal, SIGNED_OUT } from './renewal.js';
import { type Outgoing, outgoing } from './requests.js';
import { type ApiError, failure, isError, type Result } from './result.js';
import type { Tokens } from './tokens.js';
import type { Transport } from './transport.js';
import type { AnyOptions, CallOptions } from './types.js';

/** The operations under this path need a log-in; all others do without, and are sent no token. */
const NEEDS_LOG_IN = '/api/v1/';

export interface CallSettings {
  readonly baseUrl: string;
  readonly timeoutMs: number;
  readonly transferTimeoutMs: number;
  readonly parse: ParseJson;
}

/** Calls operations, signed in where they need it. */
export class Calls {
  constructor(
    readonly settings: CallSettings,
    readonly transport: Transport,
    private readonly renewal: Renewal,
  ) {}

  /**
   * Calls an operation that answers with JSON or nothing.
   * @param token an access token to be used as it is, instead of the session's
   */
  async json<T>(
    method: string,
    path: string,
    options: AnyOptions & { readonly headers?: Outgoing['headers'] } = {},
    token?: string,
  ): Promise<Result<T>> {
    const request = await outgoing(this.settings.baseUrl, method, path, options);
    if (isError(request)) return failure(request);
    const isUpload = request.body?.content instanceof Blob;
    const usual = isUpload ? this.settings.transferTimeoutMs : this.settings.timeoutMs;
    return await this.within(options, usual, async (deadline) => {
      const sent = { ...request, headers: options.headers };
      const answer = await (token === undefined
        ? this.open(sent, path, deadline)
        : this.transport.exchange(sent, token, deadline));
      if (isError(answer)) return failure(answer);
      const most = this.transport.options.mostBytes;
      return await readAnswer<T>(answer, deadline, { most, parse: this.settings.parse });
    });
  }

  /** Runs work within the time that a call may take. */
  async within<T>(
    { signal, timeoutMs }: CallOptions,
    usualMs: number,
    work: (deadline: Deadline) => Promise<T>,
  ): Promise<T> {
    const deadline = new Deadline(timeoutMs ?? usualMs, signal);
    try {
      return await work(deadline);
    } finally {
      deadline.close();
    }
  }

  /**
   * Sends a request.
   * @param isFor whether the session is still the one that asks
   * @returns the answer with its body unread, or an error
   */
  async open(
    request: Outgoing,
    path: string,
    deadline: Deadline,
    isFor: (tokens: Tokens) => boolean = () => true,
  ): Promise<Response | ApiError> {
    if (!path.startsWith(NEEDS_LOG_IN)) return await this.transport.exchange(request, null, deadline);
    const tokens = await deadline.race(this.renewal.usable(deadline));
    if (isError(tokens)) return tokens;
    if (!isFor(tokens)) return SIGNED_OUT;
    const first = await this.transport.exchange(request, tokens.access, deadline);
    if (isError(first) || first.status !== 401) return first;
    const renewed = await this.renewal.renew(tokens, deadline);
    drop(first);
    if (isError(renewed)) return renewed;
    return await this.transport.exchange(request, renewed.access, deadline);
  }
}
