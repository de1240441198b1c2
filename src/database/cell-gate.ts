import { jittered } from '../platform/jitter.js';
import { isOutage } from './errors.js';

/** Thrown instead of waiting for a cell that is down; has the code of a server that cannot be reached. */
class CellDownError extends Error {
  override readonly name = 'CellDownError';
  readonly code = '08006';

  constructor(cell: string, cause: Error) {
    super(`the cell ${cell} is down: ${cause.message}`, { cause });
  }
}

export interface CellGateOptions {
  /** Examines the cell on connections of its own, within bounds: whether it can be reached and may be used. */
  readonly examine: () => Promise<void>;
  /** Called when the cell goes down, with the reason, and when it is up again, with null. */
  readonly onChange?: (reason: Error | null) => void;
  /** Milliseconds between two examinations of a cell that is down. */
  readonly every?: number;
}

const EVERY_MS = 1_000;

/**
 * A gate before the connections to a cell. It is closed until the cell was examined, and again from the first connection
 * that cannot be made until an examination succeeds: meanwhile everything that needs the cell fails at once, and nothing
 * waits for it.
 */
export class CellGate {
  #closedBy: Error | null = new Error('it has not been examined yet');
  #timer: NodeJS.Timeout | undefined;
  #examining: Promise<void> | undefined;
  #isEnded = false;

  constructor(
    readonly cell: string,
    private readonly options: CellGateOptions,
  ) {}

  /** The reason why it is closed; null while it is open. */
  get closedBy(): Error | null {
    return this.#closedBy;
  }

  /** @throws CellDownError while it is closed */
  check(): void {
    if (this.#closedBy) throw new CellDownError(this.cell, this.#closedBy);
  }

  /** Closes for an error that says that the cell cannot be reached; others, as of a server without free connections, do not. */
  failed(error: unknown): void {
    if (this.#isEnded || this.#closedBy || !isOutage(error) || isCrowded(error)) return;
    this.#close(error as Error);
    this.#examineLater();
  }

  /** Examines the cell for the first time; resolves when that is over, whatever was found. */
  async start(): Promise<void> {
    await this.#examine();
  }

  /** Examines no more. What needs the cell fails from now on. */
  end(): void {
    this.#isEnded = true;
    clearTimeout(this.#timer);
    this.#closedBy ??= new Error('the program is stopping');
  }

  #close(reason: Error): void {
    const isNews = this.#closedBy?.message !== reason.message;
    this.#closedBy = reason;
    if (isNews) this.options.onChange?.(reason);
  }

  #examineLater(): void {
    clearTimeout(this.#timer);
    if (this.#isEnded) return;
    this.#timer = setTimeout(() => void this.#examine(), jittered(this.options.every ?? EVERY_MS));
    this.#timer.unref();
  }

  #examine(): Promise<void> {
    this.#examining ??= this.options
      .examine()
      .then(
        () => {
          if (this.#isEnded) return;
          this.#closedBy = null;
          this.options.onChange?.(null);
        },
        (error: Error) => {
          if (this.#isEnded) return;
          this.#close(error);
          this.#examineLater();
        },
      )
      .finally(() => {
        this.#examining = undefined;
      });
    return this.#examining;
  }
}

const isCrowded = (error: unknown) => (error as { code?: unknown }).code === '53300';
