import { type Lock, ownLock, webLock } from './locks.js';
import type { ApiError } from './result.js';
import type { TokenStore } from './token-store.js';
import type { Tokens } from './tokens.js';

/** The tokens of a session in their store, and the lock under which they are exchanged. */
export class KeptTokens {
  readonly #lock: Lock;
  readonly #own = ownLock();
  readonly #listeners = new Set<() => void>();
  #unsubscribe: (() => void) | undefined;
  /** Pair that the store failed to take. It is the only copy: the pair before it is spent. */
  #unsaved: { readonly tokens: Tokens | null } | null = null;

  constructor(
    private readonly store: TokenStore,
    lock?: Lock,
  ) {
    this.#lock = lock ?? (store.sharedAs === undefined ? this.#own : (webLock() ?? this.#own));
  }

  /** Returns the pair, null when there is none, or an error when the store fails. */
  async read(): Promise<Tokens | null | ApiError> {
    if (this.#unsaved) return this.#unsaved.tokens;
    try {
      return await this.store.read();
    } catch (cause) {
      return { kind: 'storage', message: 'The store of tokens cannot be read.', cause };
    }
  }

  /**
   * Replaces the pair. Where the store fails, the pair is kept in memory, and the one before it, which is spent, is taken
   * away from others who would present it.
   */
  async write(tokens: Tokens | null): Promise<void> {
    this.#unsaved = { tokens };
    try {
      await this.store.write(tokens);
      if (this.#unsaved?.tokens === tokens) this.#unsaved = null;
    } catch {
      await this.#forgetStored();
    }
    this.#tell();
  }

  async #forgetStored(): Promise<void> {
    try {
      await this.store.write(null);
    } catch {
      // The store takes nothing at all.
    }
  }

  /** Runs what replaces the pair, one at a time of all who share the store. */
  locked<T>(work: () => Promise<T>): Promise<T> {
    return this.#lock(`leopard-client:${this.store.sharedAs ?? ''}`, work);
  }

  /** Calls the listener after each change, also by another tab. @returns a function that ends this */
  subscribe(listener: () => void): () => void {
    if (this.#listeners.size === 0) this.#unsubscribe = this.store.subscribe?.(() => this.#tell());
    const own = () => listener();
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
      if (this.#listeners.size > 0) return;
      this.#unsubscribe?.();
      this.#unsubscribe = undefined;
    };
  }

  #tell(): void {
    for (const listener of this.#listeners) {
      try {
        listener();
      } catch (error) {
        report(error); // the tokens are replaced all the same
      }
    }
  }
}

/** Reports an error as one that nobody has caught. */
function report(error: unknown): void {
  const { reportError } = globalThis as { reportError?: (error: unknown) => void };
  if (reportError) reportError(error);
  else
    queueMicrotask(() => {
      throw error;
    });
}
