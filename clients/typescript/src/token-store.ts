import { storedPair, type Tokens } from './tokens.js';

/** A place for the tokens of one session. */
export interface TokenStore {
  read(): Tokens | null | Promise<Tokens | null>;
  write(tokens: Tokens | null): void | Promise<void>;
  /** The name under which others, such as further tabs, use the same store; none where nobody else does. */
  readonly sharedAs?: string | undefined;
  /** Calls the listener when others have changed what is stored. @returns a function that ends this */
  subscribe?(listener: () => void): () => void;
}

/** Returns a store that ends with the page or process. */
export function memoryStore(): TokenStore {
  let kept: Tokens | null = null;
  return {
    read: () => kept,
    write: (tokens) => {
      kept = tokens;
    },
  };
}

/** The part of `localStorage` and `sessionStorage` that is used. */
export interface WebStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** The part of the global object that tells of changes by other tabs. */
interface StorageEvents {
  addEventListener?(type: 'storage', listener: (event: { readonly key: string | null }) => void): void;
  removeEventListener?(type: 'storage', listener: (event: { readonly key: string | null }) => void): void;
}

/** Returns the storage of this tab alone; undefined where there is none, or where the browser denies it. */
function ownStorage(): unknown {
  try {
    return (globalThis as { sessionStorage?: unknown }).sessionStorage;
  } catch {
    return undefined;
  }
}

/**
 * Returns a store in the browser: `localStorage`, which all tabs share, or `sessionStorage`.
 * @param key the name of the entry; another for each agency that pages of one origin talk to
 */
export function webStore(storage: WebStorage, key = 'leopard-tokens'): TokenStore {
  const isShared = storage !== ownStorage();
  return {
    sharedAs: isShared ? key : undefined,
    read() {
      try {
        return storedPair(JSON.parse(storage.getItem(key) ?? 'null'));
      } catch (error) {
        if (error instanceof SyntaxError) return null;
        throw error;
      }
    },
    write(tokens) {
      if (tokens) storage.setItem(key, JSON.stringify(tokens));
      else storage.removeItem(key);
    },
    subscribe(listener) {
      const events = globalThis as StorageEvents;
      const onStorage = (event: { readonly key: string | null }) => {
        if (event.key === key || event.key === null) listener();
      };
      events.addEventListener?.('storage', onStorage);
      return () => events.removeEventListener?.('storage', onStorage);
    },
  };
}
