import { request } from 'undici';
import {
  type LockWait,
  lockWaits,
  longTransactions,
  type Waiting,
  waitingByTenant,
} from '../database/activity.js';
import { queryAllCells } from '../database/all-cells.js';
import type { Database } from '../database/database.js';
import type { OldTransaction } from '../database/old-transactions.js';
import { parseExposition, type Sample } from '../metrics/exposition.js';
import { type ProcessFigures, processFigures } from '../metrics/process-figures.js';

/** One process: its figures, or why there are none. */
export interface ProcessLine {
  readonly address: string;
  readonly figures: ProcessFigures | null;
  readonly problem: string | null;
}

/** All that is shown at a time. */
export interface Look {
  readonly processes: readonly ProcessLine[];
  /** Null where the database does not answer. */
  readonly database: {
    readonly waiting: readonly Waiting[];
    readonly locks: readonly LockWait[];
    readonly transactions: readonly OldTransaction[];
    /** Names of further cells that do not answer. */
    readonly missing: readonly string[];
  } | null;
  readonly databaseProblem: string | null;
}

const ANSWERS_WITHIN_MS = 2_000;
/** Maximum number of bytes of metrics: those of a hundred tenants and all routes take some hundred thousand. */
const MOST_BYTES = 10 * 1024 * 1024;

interface Scrape {
  readonly at: number;
  readonly samples: readonly Sample[];
}

/** Reads the figures of all processes and of the database, and compares them with the last ones. */
export class Looker {
  readonly #last = new Map<string, Scrape>();

  /** @param addresses `host:port` of the processes' metrics */
  constructor(
    private readonly addresses: readonly string[],
    private readonly database: Database,
  ) {}

  /** Reads everything, within about two seconds of each process. */
  async look(): Promise<Look> {
    const [processes, database] = await Promise.all([
      Promise.all(this.addresses.map((address) => this.#process(address))),
      this.#database().then(
        (found) => ({ database: found, databaseProblem: null }),
        (error: Error) => ({ database: null, databaseProblem: error.message }),
      ),
    ]);
    return { processes, ...database };
  }

  async #process(address: string): Promise<ProcessLine> {
    try {
      const samples = parseExposition(await scrape(address));
      const at = performance.now();
      const last = this.#last.get(address);
      this.#last.set(address, { at, samples });
      const seconds = last ? (at - last.at) / 1_000 : uptimeOf(samples);
      return { address, figures: processFigures(last?.samples ?? [], samples, seconds), problem: null };
    } catch (error) {
      const { code, name, message } = error as Error & { readonly code?: unknown };
      const problem = name === 'TimeoutError' ? 'does not answer' : typeof code === 'string' ? code : message;
      return { address, figures: null, problem };
    }
  }

  async #database() {
    const missing = new Set<string>();
    const onMissing = (cell: string) => void missing.add(cell);
    const [waiting, locks, transactions] = await Promise.all([
      queryAllCells(this.database, waitingByTenant(), onMissing),
      queryAllCells(this.database, lockWaits()),
      queryAllCells(this.database, longTransactions()),
    ]);
    return { waiting, locks, transactions, missing: [...missing] };
  }
}

/** Returns for how many seconds a process has run. */
function uptimeOf(samples: readonly Sample[]): number {
  const start = samples.find(({ name }) => name === 'process_start_time_seconds')?.value;
  return Math.max(1, Date.now() / 1_000 - (start ?? 0));
}

async function scrape(address: string): Promise<string> {
  const signal = AbortSignal.timeout(ANSWERS_WITHIN_MS + 1_000); // the process itself waits so long for the database
  const { statusCode, body } = await request(`http://${address}/metrics`, { signal });
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new Error('its metrics are too long');
    chunks.push(chunk);
  }
  if (statusCode !== 200) throw new Error(`answers ${statusCode}`);
  return Buffer.concat(chunks).toString();
}
