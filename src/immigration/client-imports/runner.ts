import type { Database } from '../../database/database.js';
import { readPauses } from '../../events/worker/ready-tenants.js';
import { tenantsWithImports } from './import-queue.js';
import { serveImport } from './serve.js';

export interface RunnerOptions {
  /** Hears of what failed; it is tried again. */
  readonly onError?: (schema: string | null, error: unknown) => void;
  /** About every how many milliseconds it looks for work when nothing wakes it. */
  readonly pollMs?: number;
}

const POLL_MS = 2_000;
const AFTER_FAILURE_MS = 2_000;
/** So many milliseconds lie between two messages about one tenant's import. */
const TELLS_EVERY_MS = 500;

/**
 * Does the imports of all tenants, a part of one tenant's after a part of another's, so that a long one holds nobody
 * up. Any number may run: PostgreSQL's locks give each part to one of them.
 */
export class ImportRunner {
  readonly #toldAt = new Map<string, number>();
  #running: Promise<void> | undefined;
  #stopping = false;
  #woken = false;
  #endRest: () => void = () => undefined;

  constructor(
    private readonly database: Database,
    private readonly options: RunnerOptions = {},
  ) {}

  /** Begins to work, until `close`. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Looks for work at once. */
  wake(): void {
    this.#woken = true;
    this.#endRest();
  }

  /** Begins nothing new and finishes the part in hand. */
  async close(): Promise<void> {
    this.#stopping = true;
    this.wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      this.#woken = false;
      try {
        const worked = await this.#round();
        if (!worked && !this.#woken) await this.#rest(this.options.pollMs ?? POLL_MS);
      } catch (error) {
        this.options.onError?.(null, error);
        await this.#rest(AFTER_FAILURE_MS);
      }
    }
  }

  /** Gives each tenant that has work one turn. @returns whether anything was done */
  async #round(): Promise<boolean> {
    let worked = false;
    const tenants = await tenantsWithImports(this.database);
    for (const schema of this.#toldAt.keys()) if (!tenants.includes(schema)) this.#toldAt.delete(schema);
    for (const schema of tenants) {
      if (this.#stopping) break;
      try {
        worked = (await this.#serve(schema)) || worked;
      } catch (error) {
        this.options.onError?.(schema, error); // what fails at one tenant does not keep it from the others
      }
    }
    return worked;
  }

  async #serve(schema: string): Promise<boolean> {
    // The switch that pauses events pauses imports too, which make events; so does the tenant's suspension.
    if (!(await readPauses(this.database, schema)).served) return false;
    const now = performance.now();
    const tell = now - (this.#toldAt.get(schema) ?? Number.NEGATIVE_INFINITY) >= TELLS_EVERY_MS;
    if (tell) this.#toldAt.set(schema, now);
    return await serveImport(this.database, schema, {
      tell,
      onError: (error) => this.options.onError?.(schema, error),
    });
  }

  /** Until something wakes it, or about so long. */
  async #rest(milliseconds: number): Promise<void> {
    if (this.#stopping) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds * (0.75 + Math.random() / 2));
      this.#endRest = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
