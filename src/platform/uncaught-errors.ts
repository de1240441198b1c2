/** Kinds of uncaught errors: of a connection to the outside, a fault of the program, or one that must end it. */
export type UncaughtKind = 'connection' | 'fault' | 'fatal';

export interface UncaughtOptions {
  readonly log: (message: string, error: unknown) => void;
  /** Number of faults within a minute after which the program cannot go on; 10 when not given. */
  readonly mostFaults?: number;
}

const MOST_FAULTS = 10;
const MINUTE_MS = 60_000;

/** Codes of the system (ECONNRESET), TLS, the HTTP client and streams: none of our own work is left half done. */
const CONNECTION = /^(?:E(?!RR_)[A-Z0-9]+$|ERR_(?:SSL|TLS|STREAM|SOCKET)|UND_ERR_)/;
/** Codes of errors after which the state of the process is undefined. */
const FATAL = /^(?:ENOMEM|ERR_INTERNAL_ASSERTION|ERR_OUT_OF_MEMORY|ERR_WORKER_OUT_OF_MEMORY)$/;

/**
 * The last line of defence: an uncaught error ends only the work that it came from, not the process with all other
 * work. That work ends by its own time limit: a delivery by its deadline, a statement by the database's limit, a
 * request when its client gives up. Its transaction is rolled back. The process does end for lack of memory, faults of
 * Node itself, errors during the start, and recurring faults.
 */
export class UncaughtErrors {
  /** Resolves with the error for which the program must end. */
  readonly fatal: Promise<unknown>;
  /** Called for each error, to count it. */
  onError: (kind: UncaughtKind) => void = () => undefined;
  #end: (error: unknown) => void = () => undefined;
  #isRunning = false;
  #faults: number[] = [];

  constructor(private readonly options: UncaughtOptions) {
    this.fatal = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** Catches the process's errors; until `running` is called, each of them ends it. */
  listen(): void {
    process.on('uncaughtException', this.#take);
    process.on('unhandledRejection', this.#take);
  }

  /** Marks the start as finished. */
  running(): void {
    this.#isRunning = true;
  }

  /** Stops catching errors. */
  close(): void {
    process.off('uncaughtException', this.#take);
    process.off('unhandledRejection', this.#take);
  }

  readonly #take = (error: unknown): void => {
    const kind = this.#isRunning ? this.#kindOf(error) : 'fatal';
    this.onError(kind);
    if (kind !== 'fatal') {
      this.options.log(
        'an uncaught error; the work that it came from has ended, everything else goes on',
        error,
      );
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

/**
 * Returns whether this is an error of PostgreSQL, which has a severity besides its code: its transaction is rolled
 * back.
 */
function isOfDatabase(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'severity' in error;
}
