/** The time that an attempt has for all that it does, and the way to end it earlier. */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;

  /** @param late the reason that is given when the time is over */
  constructor(milliseconds: number, late: string) {
    this.#timer = setTimeout(() => this.end(new Error(late)), milliseconds);
  }

  /** Aborted when the time is over or the attempt was ended, with an Error as its reason. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Ends the attempt now. */
  end(reason: Error): void {
    this.#controller.abort(reason);
  }

  /** The work's outcome, unless the attempt ends first. @throws the reason of that */
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
      throw signal.aborted ? signal.reason : error; // what was cut short fails in words of its own
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** To be called when the attempt is over. */
  clear(): void {
    clearTimeout(this.#timer);
  }
}
