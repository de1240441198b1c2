/** The services that a process runs, which are closed together. */
export class Services {
  readonly #closers: (() => Promise<unknown> | unknown)[] = [];

  /** @param warn called with a line for each service that cannot be closed in order */
  constructor(private readonly warn: (line: string) => void) {}

  add(close: () => Promise<unknown> | unknown): void {
    this.#closers.push(close);
  }

  /** Closes all at once. One that fails does not stop the others. */
  async close(): Promise<void> {
    await Promise.all(
      this.#closers.map(async (close) => {
        try {
          await close();
        } catch (error) {
          this.warn(`while stopping: ${(error as Error).message}`);
        }
      }),
    );
  }
}
