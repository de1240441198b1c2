import { networkError } from './answers.js';
import { drop } from './bytes.js';
import type { Deadline } from './deadline.js';
import type { Outgoing } from './requests.js';
import { type ApiError, isError } from './result.js';
import { waitBeforeRetry } from './retry.js';
import { counted } from './upload-progress.js';
import { hasXhr, sendByXhr } from './xhr.js';

export interface TransportOptions {
  readonly fetch: typeof fetch;
  /** Maximum number of repetitions of a request that may be repeated. */
  readonly retries: number;
  /** Maximum wait before one, in milliseconds. */
  readonly longestWaitMs: number;
  /** Maximum number of bytes of an answer in memory. */
  readonly mostBytes: number;
}

/** Sends requests. It knows no session: the caller gives the token. */
export class Transport {
  constructor(readonly options: TransportOptions) {}

  /**
   * Sends a request until there is an answer that is worth more than another attempt.
   * @returns the answer with its body unread, or an error
   */
  async exchange(request: Outgoing, token: string | null, deadline: Deadline): Promise<Response | ApiError> {
    const { retries, longestWaitMs } = this.options;
    for (let attempt = 0; ; attempt++) {
      const outcome = await this.attempt(request, token, deadline);
      const wait = attempt < retries ? waitBeforeRetry(request.method, outcome, attempt) : null;
      if (wait === null || wait > longestWaitMs || wait >= deadline.remaining) return outcome;
      if (!isError(outcome)) drop(outcome);
      const over = await deadline.sleep(wait);
      if (over) return over;
    }
  }

  /** Sends a request once. */
  async attempt(request: Outgoing, token: string | null, deadline: Deadline): Promise<Response | ApiError> {
    if (deadline.error) return deadline.error;
    const { method, url, accept, body, onProgress } = request;
    try {
      const headers = new Headers({ accept, ...request.headers });
      if (token !== null) headers.set('authorization', `Bearer ${token}`);
      if (body) headers.set('content-type', body.type);
      if (body && onProgress && hasXhr())
        return await sendByXhr(
          { method, url, headers, body: body.content, onProgress },
          this.options.mostBytes,
          deadline,
        );
      const content = body && onProgress ? counted(body.content, onProgress) : body && { body: body.content };
      const answered = this.options.fetch(url, {
        method,
        headers,
        ...content,
        signal: deadline.signal,
        // Elsewhere neither the token nor the body belongs.
        redirect: 'manual',
        credentials: 'omit',
      });
      return await deadline.race(answered);
    } catch (error) {
      return deadline.error ?? networkError(error);
    }
  }
}
