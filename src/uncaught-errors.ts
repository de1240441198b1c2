/** Kinds of uncaught errors: of a connection to the outside, a fault of the program, or one that must end it. */
export type UncaughtKind = 'connection' | 'fault' | 'fatal';

export interface UncaughtOptions {
  readonly log: (message: string, error: unknown) => void;
  /** Number of faults within a minute after which the program cannot go on; 10 when not given. */
  readonly mostFaults?: number;
}

const MOST_FAULTS = 10;
const MINUTE_MS = 60_000;

/** Codes of the system (ECONNRESET), of TLS, of the HTTP client, of the stream that went: nothing of ours is half done. */
const CONNECTION = /^(?:E(?!RR_)[A-Z0-9]+$|ERR_(?:SSL|TLS|STREAM|SOCKET)|UND_ERR_)/;
/** After these nothing is sure any more. */
const FATAL = /^(?:ENOMEM|ERR_INTERNAL_ASSERTION|ERR_OUT_OF_MEMORY|ERR_WORKER_OUT_OF_MEMORY)$/;

/**
 * The last line of defence: an error that nobody caught ends the work that it came from, and not the process with the
 * work of all others. That work is ended by its own time limit, since whoever waits for it hears nothing more: a
 * delivery by its deadline, a statement by the database's limit; a request is given up by whoever asked. Whatever was
 * written in a transaction is rolled back with it. Not gone on from are a lack of memory, faults of Node itself, what happens
 * before the program runs, and faults that come again and again.
 */
export class UncaughtErrors {
  /** Resolves with the error that the program must end for. */
  readonly fatal: Promise<unknown>;
  /** Told of each, to count it. */
  onError: (kind: UncaughtKind) => void = () => undefined;
  #end: (error: unknown) => void = () => undefined;
  #isRunning = false;
  #faults: number[] = [];

  constructor(private readonly options: UncaughtOptions) {
    this.fatal = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** Catches the process's errors from now on; until `running` is called, each of them ends it. */
  listen(): void {
    process.on('uncaughtException', this.#take);
    process.on('unhandledRejection', this.#take);
  }

  /** The program has started. */
  running(): void {
    this.#isRunning = true;
  }

  /** Leaves the process's errors to Node again. */
  close(): void {
    process.off('uncaughtException', this.#take);
    process.off('unhandledRejection', this.#take);
  }

  readonly #take = (error: unknown): void => {
    const kind = this.#isRunning ? this.#kindOf(error) : 'fatal';
    this.onError(kind);
    if (kind !== 'fatal') {
      this.options.log('an error that nobody caught; what it came from has ended, all else goes on', error);
      return;
    }
    this.options.log('an error that the program cannot go on from; it ends', error);
    this.#end(error);
  };

  #kindOf(error: unknown): UncaughtKind {
    const { code = '', message = '' } = (error ?? {}) as { code?: unknown; message?: unknown };
    if (FATAL.test(String(code)) || /allocation failed/.test(String(message))) return 'fatal';
    if (CONNECTION.test(String(code)) || isOfDatabase(error)) return 'connection';
    const now = Date.now();
    this.#faults = [...this.#faults.filter((at) => at > now - MINUTE_MS), now];
    return this.#faults.length > (this.options.mostFaults ?? MOST_FAULTS) ? 'fatal' : 'fault';
  }
}

/** PostgreSQL's own errors have a severity beside their code: the transaction is rolled back. */
function isOfDatabase(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'severity' in error;
}
