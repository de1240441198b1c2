import { type Lock, ownLock, type SharedNotes, webLock, webNotes } from './locks.js';
import { type ApiError, isError } from './result.js';
import type { TokenStore } from './token-store.js';
import { idOf, type Tokens } from './tokens.js';

/** Time within which another tab's pair appears in this tab's view of the store, and between two looks, in milliseconds. */
const APPEARS_WITHIN_MS = 10_000;
const LOOKS_EVERY_MS = 10;

/** The tokens of a session in their store, and the lock under which they are exchanged. */
export class KeptTokens {
  readonly #lock: Lock;
  readonly #own = ownLock();
  /** Notes of the pairs that were replaced. A tab may hold the lock before it sees what the last one stored. */
  readonly #replaced: SharedNotes | undefined;
  readonly #listeners = new Set<() => void>();
  #unsubscribe: (() => void) | undefined;
  /** Pair that the store failed to take. It is the only copy: the pair before it is spent. */
  #unsaved: { readonly tokens: Tokens | null } | null = null;

  constructor(
    private readonly store: TokenStore,
    lock?: Lock,
  ) {
    this.#lock = lock ?? (store.sharedAs === undefined ? this.#own : (webLock() ?? this.#own));
    this.#replaced = lock || store.sharedAs === undefined ? undefined : webNotes();
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
    const before = this.#replaced && (await this.read());
    this.#unsaved = { tokens };
    try {
      await this.store.write(tokens);
      if (this.#unsaved?.tokens === tokens) this.#unsaved = null;
    } catch {
      await this.#forgetStored();
    }
    if (before && !isError(before) && before.refresh !== tokens?.refresh)
      await this.#replaced?.make(this.#noteOf(before));
    this.#tell();
  }

  async #forgetStored(): Promise<void> {
    try {
      await this.store.write(null);
    } catch {
      // The store takes nothing at all.
    }
  }

  /**
   * Runs what replaces the pair, one at a time of all who share the store.
   * @throws Error when another tab has replaced the pair and its own does not appear
   */
  locked<T>(work: () => Promise<T>): Promise<T> {
    return this.#lock(this.#name, async () => {
      await this.#appeared();
      return await work();
    });
  }

  get #name(): string {
    return `leopard-client:${this.store.sharedAs ?? ''}`;
  }

  #noteOf(tokens: Tokens): string {
    return `${this.#name}:replaced:${idOf(tokens)}`;
  }

  /** Waits until no pair is read that another tab has replaced: its refresh token is spent, and ends the session. */
  async #appeared(): Promise<void> {
    if (!this.#replaced) return;
    const until = Date.now() + APPEARS_WITHIN_MS;
    while (Date.now() < until) {
      const tokens = await this.read();
      if (!tokens || isError(tokens) || !(await this.#replaced.has(this.#noteOf(tokens)))) return;
      await new Promise((resolve) => setTimeout(resolve, LOOKS_EVERY_MS));
    }
    throw new Error('Another tab has replaced the tokens, and its own cannot be read.');
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
