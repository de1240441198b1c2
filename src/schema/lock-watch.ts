import { DatabaseClient } from '../database/client.js';
import type { OwnerClient } from '../database/owner.js';

/** The time that a transaction gets before it is watched, as a share of its longest wait: most have ended by then. */
const UNWATCHED = 0.1;
/** The time from one look to the next, as another share. */
const BETWEEN_LOOKS = 0.05;

const WAITS = `
  SELECT wait_event_type IS NOT DISTINCT FROM 'Lock' AS waits FROM pg_catalog.pg_stat_activity WHERE pid = $1`;

/**
 * Bounds how long one transaction waits for locks in all. `lock_timeout` counts anew for each lock, while readers wait
 * behind those that the transaction has already, so one that needs twenty tables could hold them up twenty times as long.
 * Only waiting is counted: work on the tables takes as long as it takes.
 */
export class LockWatch {
  readonly #client: OwnerClient;
  readonly #longest: number;
  #backend = 0;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #watcher: OwnerClient | undefined;
  #waited = 0;
  #isOver = false;
  /** Whether the transaction has waited too long, so that its present statement was cancelled. */
  hasCancelled = false;

  /** @param longest milliseconds */
  constructor(client: OwnerClient, longest: number) {
    this.#client = client;
    this.#longest = longest;
  }

  /** Begins to count. @param backend the process id of the transaction's server process */
  start(backend: number): void {
    if (!(this.#client instanceof DatabaseClient)) return;
    this.#backend = backend;
    this.#lookIn(this.#longest * UNWATCHED);
  }

  /** Ends the watch: nothing is cancelled afterwards. */
  async stop(): Promise<void> {
    this.#isOver = true;
    clearTimeout(this.#timer);
    await this.#looking;
    await this.#watcher?.end().catch(() => undefined);
  }

  #lookIn(time: number): void {
    const since = performance.now();
    this.#timer = setTimeout(() => {
      // Without a look, as where no connection is left, each single wait is still limited.
      this.#looking = this.#look(since).catch(() => undefined);
    }, time);
  }

  async #look(since: number): Promise<void> {
    const watcher = this.#watcher ?? (await this.#connect());
    if (this.#isOver) return;
    const { rows } = await watcher.query<{ waits: boolean }>(WAITS, [this.#backend]);
    if (this.#isOver) return;
    if (rows[0]?.waits) this.#waited += performance.now() - since;
    if (this.#waited < this.#longest) {
      this.#lookIn(this.#longest * BETWEEN_LOOKS);
      return;
    }
    this.hasCancelled = true;
    await watcher.query('SELECT pg_catalog.pg_cancel_backend($1)', [this.#backend]);
  }

  async #connect(): Promise<OwnerClient> {
    const watcher: OwnerClient = (this.#client as DatabaseClient).another('leopard-lock-watch');
    this.#watcher = watcher;
    await watcher.connect();
    return watcher;
  }
}
