import { setTimeout as sleep } from 'node:timers/promises';

type Step = () => Promise<unknown> | unknown;

/** Time within which one press of Ctrl-C may arrive twice: from the terminal, and passed on by npm. */
const SAME_PRESS_MS = 500;
const STEP_WITHIN_MS = 15_000;
const PARENT_LOOK_MS = 200;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const NUMBERS = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 };

/** Stops the program once and in order: the steps run in the reverse order of their starts. */
export class Shutdown {
  readonly #steps: { run: Step; within: number }[] = [];
  readonly #requested: Promise<void>;
  #request: () => void = () => undefined;
  #requestedAt = 0;
  #isQuick = false;
  #running: Promise<void> | undefined;
  #quit: () => void = () => undefined;

  /** @param warn called with a line for each step that fails */
  constructor(private readonly warn: (line: string) => void) {
    this.#requested = new Promise((resolve) => {
      this.#request = resolve;
    });
  }

  /** Whether the program has been asked to stop. */
  get isRequested(): boolean {
    return this.#requestedAt > 0;
  }

  /** Whether somebody waits at a terminal for the end, who has pressed Ctrl-C. */
  get isQuick(): boolean {
    return this.#isQuick;
  }

  /** Resolves when the program is asked to stop. */
  get requested(): Promise<void> {
    return this.#requested;
  }

  /** Adds a step that ends what has been started; after `within` milliseconds the next step goes on. */
  onStop(run: Step, within = STEP_WITHIN_MS): void {
    this.#steps.push({ run, within });
  }

  /** Sets what must be done, without waiting, when a second signal demands an immediate end. */
  onQuit(quit: () => void): void {
    this.#quit = quit;
  }

  /**
   * Handles the system's signals from now on. Under npm, the end of the parent counts as one: npm signals only the
   * shell in between, which ends without passing it on.
   */
  listen(onFirst: () => void): void {
    const request = () => {
      this.#requestedAt = Date.now();
      onFirst();
      this.#request();
    };
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        if (!this.isRequested) {
          this.#isQuick = signal === 'SIGINT';
          request();
        } else if (Date.now() - this.#requestedAt > SAME_PRESS_MS) {
          this.#quit();
          process.exit(128 + NUMBERS[signal]);
        }
      });
    }
    if (process.env.npm_lifecycle_event === undefined) return;
    const parent = process.ppid;
    const watch = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(watch);
      if (!this.isRequested) request();
    }, PARENT_LOOK_MS);
    watch.unref();
  }

  /** Runs the steps, once however often it is called. A step that fails does not stop the others. */
  run(): Promise<void> {
    this.#running ??= this.#runSteps();
    return this.#running;
  }

  async #runSteps(): Promise<void> {
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      try {
        await Promise.race([step.run(), sleep(step.within, undefined, { ref: false })]);
      } catch (error) {
        this.warn(`while stopping: ${(error as Error).message}`);
      }
    }
  }
}
