/**
 * A semaphore for heavy work: a few pieces run at once, of which one at most has the same key. The others wait, first
 * come, first served among those whose key is free, so that nobody's work waits for all of somebody else's.
 */
export class FairSemaphore {
  readonly #running = new Set<string>();
  readonly #waiting: { readonly key: string; begin(): void }[] = [];

  constructor(private readonly atOnce: number) {}

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    if (this.#running.size < this.atOnce && !this.#running.has(key)) this.#running.add(key);
    else await new Promise<void>((begin) => this.#waiting.push({ key, begin }));
    try {
      return await work();
    } finally {
      this.#running.delete(key);
      this.#beginNext();
    }
  }

  #beginNext(): void {
    const next = this.#waiting.findIndex(({ key }) => !this.#running.has(key));
    const [begun] = next < 0 ? [] : this.#waiting.splice(next, 1);
    if (!begun) return;
    this.#running.add(begun.key);
    begun.begin();
  }
}
