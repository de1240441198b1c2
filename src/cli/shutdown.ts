type Step = () => Promise<unknown> | unknown;

/** One press of Ctrl-C may arrive twice: from the terminal, and passed on by npm. */
const SAME_PRESS_MS = 500;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const NUMBERS = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 };

/** Stops the program once and in order: the steps run in the reverse order of their beginnings. */
export class Shutdown {
  readonly #steps: Step[] = [];
  readonly #requested: Promise<void>;
  #request: () => void = () => undefined;
  #requestedAt = 0;
  #running: Promise<void> | undefined;
  #quit: () => void = () => undefined;

  constructor() {
    this.#requested = new Promise((resolve) => {
      this.#request = resolve;
    });
  }

  /** Whether the program has been asked to stop. */
  get isRequested(): boolean {
    return this.#requestedAt > 0;
  }

  /** Resolves when the program is asked to stop. */
  get requested(): Promise<void> {
    return this.#requested;
  }

  /** Adds what ends something that has begun, or is beginning. */
  onStop(step: Step): void {
    this.#steps.push(step);
  }

  /** What still has to be done, without waiting, when a second signal asks to end at once. */
  onQuit(quit: () => void): void {
    this.#quit = quit;
  }

  /** Answers the system's signals from now on. */
  listen(onFirst: () => void): void {
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        if (!this.isRequested) {
          this.#requestedAt = Date.now();
          onFirst();
          this.#request();
        } else if (Date.now() - this.#requestedAt > SAME_PRESS_MS) {
          this.#quit();
          process.exit(128 + NUMBERS[signal]);
        }
      });
    }
  }

  /** Runs the steps, once however often it is called. A step that fails does not stop the others. */
  run(): Promise<void> {
    this.#running ??= this.#runSteps();
    return this.#running;
  }

  async #runSteps(): Promise<void> {
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      try {
        await step();
      } catch (error) {
        process.stderr.write(`while stopping: ${(error as Error).message}\n`);
      }
    }
  }
}
