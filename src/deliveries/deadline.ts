/** The time limit of a whole attempt, which can also be ended earlier. */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;

  /** @param late the reason given when the time is up */
  constructor(milliseconds: number, late: string) {
    this.#timer = setTimeout(() => this.end(new Error(late)), milliseconds);
  }

  /** The signal that is aborted, with an Error as its reason, when the time is up or the attempt was ended. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Ends the attempt now. */
  end(reason: Error): void {
    this.#controller.abort(reason);
  }

  /** Waits for the work, unless the attempt ends first. @throws the reason of that end */
  async bound<T>(work: Promise<T>): Promise<T> {
    const { signal } = this;
    let stop: () => void = () => undefined;
    const ended = new Promise<never>((_, reject) => {
      stop = () => reject(signal.reason);
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    });
    try {
      return await Promise.race([work, ended]);
    } catch (error) {
      throw signal.aborted ? signal.reason : error; // the aborted work fails with an error of its own
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** Clears the timer; to be called when the attempt is over. */
  clear(): void {
    clearTimeout(this.#timer);
  }
}
