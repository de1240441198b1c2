import { networkError, readError, unexpected } from './answers.js';
import type { Calls } from './calls.js';
import { Deadline } from './deadline.js';
import { EventParser, EventTooLongError } from './event-stream.js';
import { type LiveMessage, messageIn } from './live-messages.js';
import { RecentIds } from './recent-ids.js';
import type { Outgoing } from './requests.js';
import { type ApiError, isError } from './result.js';
import { backOff } from './retry.js';
import { isSameUser, type Tokens } from './tokens.js';

const PATH = '/api/v1/notifications/stream/';
const LONGEST_EVENT = 1024 * 1024;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;
/** Maximum of a wait that the server asks for. */
const LONGEST_ASKED_WAIT_MS = 300_000;
/** The server sends a heartbeat every 30 s. */
const SILENCE_MS = 75_000;
/** Time for which a connection has to last before the next failure counts as a first one. */
const STABLE_AFTER_MS = 5_000;
const REMEMBERED_IDS = 2_000;

export interface StreamOptions {
  /** Ends the stream. */
  readonly signal?: AbortSignal | undefined;
  /** Id of the last notification received earlier: what was missed since comes first. */
  readonly lastEventId?: string | undefined;
  /** Milliseconds of silence after which the connection counts as dead; the server sends something every 30 s. */
  readonly silenceMs?: number | undefined;
  /** Called whenever the state of the connection changes. */
  readonly onStatus?: ((status: StreamStatus) => void) | undefined;
}

/** The state of a stream's connection. */
export type StreamStatus =
  | { readonly state: 'connecting' }
  | { readonly state: 'open' }
  | { readonly state: 'waiting'; readonly ms: number; readonly error: ApiError | null }
  | { readonly state: 'ended'; readonly error: ApiError };

/** Errors after which another attempt may succeed. */
function isPassing(error: ApiError): boolean {
  if (error.kind === 'unexpected') return error.reason !== 'redirect';
  if (error.kind === 'detail') return error.status >= 500 || error.status === 408;
  return ['network', 'timeout', 'throttled', 'unavailable'].includes(error.kind);
}

/**
 * The live stream of notifications. It is read by one loop, reconnects until it is ended, and shows each notification
 * once. While the loop does not ask for more, nothing is read.
 */
export class LiveStream implements AsyncIterable<LiveMessage> {
  #error: ApiError | null = null;
  #lastEventId: string;
  #retryMs: number | null = null;
  #openedAt: number | null = null;
  #isRead = false;
  #owner: Tokens | null = null;
  readonly #seen = new RecentIds(REMEMBERED_IDS);

  constructor(
    private readonly calls: Calls,
    private readonly options: StreamOptions,
  ) {
    this.#lastEventId = options.lastEventId ?? '';
  }

  /** Id of the last notification received, with which another stream can go on. */
  get lastEventId(): string {
    return this.#lastEventId;
  }

  /** The reason why the stream has ended; null while it has not. */
  get error(): ApiError | null {
    return this.#error;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<LiveMessage, void, undefined> {
    if (this.#isRead) throw new TypeError('A stream is read by one loop; open another one.');
    this.#isRead = true;
    try {
      for (let failures = 0; ; failures++) {
        this.#openedAt = null;
        this.#tell({ state: 'connecting' });
        const error = yield* this.#connection();
        if (error && !isPassing(error)) return this.#end(error);
        if (performance.now() - (this.#openedAt ?? Number.POSITIVE_INFINITY) > STABLE_AFTER_MS) failures = 0;
        const over = await this.#wait(this.#waitAfter(error, failures), error);
        if (over) return this.#end(over);
      }
    } finally {
      this.#end({ kind: 'aborted', message: 'The stream is no longer read.' });
    }
  }

  /** Opens one connection and yields its messages. @returns why it ended; null where the server closed it */
  async *#connection(): AsyncGenerator<LiveMessage, ApiError | null, undefined> {
    const deadline = new Deadline(this.calls.settings.timeoutMs, this.options.signal);
    let answer: Response | ApiError | null = null;
    try {
      answer = await this.calls.open(this.#request(), PATH, deadline, (tokens) => this.#isOwner(tokens));
      if (isError(answer)) return answer;
      if (!answer.ok) return await readError(answer, deadline);
      if (!/^text\/event-stream\b/i.test(answer.headers.get('content-type') ?? ''))
        return unexpected(answer, 'media_type');
      this.#openedAt = performance.now();
      this.#tell({ state: 'open' });
      return yield* this.#messages(answer, deadline);
    } catch (error) {
      if (error instanceof EventTooLongError && answer instanceof Response)
        return unexpected(answer, 'too_large', error.message);
      return deadline.error ?? networkError(error);
    } finally {
      deadline.stop({ kind: 'aborted', message: 'The connection is over.' });
    }
  }

  async *#messages(
    { body }: Response,
    deadline: Deadline,
  ): AsyncGenerator<LiveMessage, ApiError | null, undefined> {
    if (!body) return null;
    const { silenceMs = SILENCE_MS } = this.options;
    const reader = body.getReader();
    const decoder = new TextDecoder();
    const parser = new EventParser(this.#lastEventId, LONGEST_EVENT);
    for (;;) {
      deadline.restart(silenceMs);
      const part = await deadline.race(reader.read());
      if ('kind' in part) return part;
      if (part.done) return null;
      const events = parser.take(decoder.decode(part.value, { stream: true }));
      this.#retryMs = parser.retryMs ?? this.#retryMs;
      deadline.pause(); // the loop may take its time
      for (const event of events) {
        const message = messageIn(event.data, this.calls.settings.parse);
        this.#lastEventId = event.id;
        if (message && !this.#isRepeated(message)) yield message;
        if (deadline.error) return deadline.error;
      }
    }
  }

  /** Notes a notification. @returns whether it was shown before, as one that was committed during a reconnect may be */
  #isRepeated(message: LiveMessage): boolean {
    return message.type === 'notification_message' && !this.#seen.add(message.notification.id);
  }

  /** Returns whether tokens are those of the user for whose session the stream was opened. */
  #isOwner(tokens: Tokens): boolean {
    this.#owner ??= tokens;
    return isSameUser(this.#owner, tokens);
  }

  #request(): Outgoing {
    const headers = this.#lastEventId === '' ? {} : { 'last-event-id': this.#lastEventId };
    return { method: 'GET', url: this.calls.settings.baseUrl + PATH, accept: 'text/event-stream', headers };
  }

  /** Returns the milliseconds until the next attempt: the server's own where it closed a connection that worked. */
  #waitAfter(error: ApiError | null, failures: number): number {
    const first = Math.min(this.#retryMs ?? FIRST_WAIT_MS, LONGEST_WAIT_MS);
    if (!error && failures === 0 && this.#retryMs !== null) return first;
    const asked = error && 'retryAfter' in error ? (error.retryAfter ?? 0) * 1000 : 0;
    return Math.max(Math.min(asked, LONGEST_ASKED_WAIT_MS), backOff(failures, first, LONGEST_WAIT_MS));
  }

  async #wait(ms: number, error: ApiError | null): Promise<ApiError | null> {
    this.#tell({ state: 'waiting', ms, error });
    const deadline = new Deadline(Number.POSITIVE_INFINITY, this.options.signal);
    try {
      return await deadline.sleep(ms);
    } finally {
      deadline.close();
    }
  }

  #end(error: ApiError): void {
    if (this.#error) return;
    this.#error = error;
    this.#tell({ state: 'ended', error });
  }

  #tell(status: StreamStatus): void {
    this.options.onStatus?.(status);
  }
}
