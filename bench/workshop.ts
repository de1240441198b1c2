import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Instance, Program } from './program.js';

const SIGNALS = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 };

type Step = () => Promise<unknown> | unknown;

/** A temporary folder, and whatever else must be cleaned up in the end, in reverse order. */
export class Workshop {
  readonly #steps: Step[] = [];
  #closing: Promise<void> | undefined;

  private constructor(readonly directory: string) {}

  static async open(): Promise<Workshop> {
    const workshop = new Workshop(await mkdtemp(join(tmpdir(), 'leopard-bench-')));
    workshop.atEnd(() => rm(workshop.directory, { recursive: true, force: true, maxRetries: 3 }));
    return workshop;
  }

  /** Starts the program; it is stopped in the end, if not before. */
  start(instance: Instance, options: readonly string[] = []): Program {
    this.ensureOpen();
    const program = new Program(instance, options);
    this.atEnd(() => program.stop());
    return program;
  }

  atEnd(step: Step): void {
    this.#steps.push(step);
  }

  get isClosing(): boolean {
    return this.#closing !== undefined;
  }

  /** Cleans up when the bench is interrupted, and ends it then. */
  closeOnSignals(): void {
    for (const [signal, number] of Object.entries(SIGNALS)) {
      process.on(signal, () => {
        if (!this.isClosing) console.error('stopping');
        void this.close().then(() => process.exit(128 + number));
      });
    }
  }

  /**
   * Checks that the workshop is open; call it before starting anything that must be cleaned up.
   * @throws Error when it is too late
   */
  ensureOpen(): void {
    if (this.isClosing) throw new Error('the bench is stopping');
  }

  /** Cleans up, once. A failing step does not prevent the others. */
  close(): Promise<void> {
    this.#closing ??= this.#putAway();
    return this.#closing;
  }

  async #putAway(): Promise<void> {
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      await Promise.resolve()
        .then(step)
        .catch((error: Error) => console.error(`while clearing up: ${error.message}`));
    }
  }
}
