/** Runs work alone: of all that share a name, in whichever tab or process, one at a time. */
export type Lock = <T>(name: string, work: () => Promise<T>) => Promise<T>;

interface LockManager {
  request<T>(name: string, work: () => Promise<T>): Promise<T>;
  request<T>(
    name: string,
    options: { readonly mode?: 'shared'; readonly ifAvailable?: true },
    work: (lock: object | null) => T | Promise<T>,
  ): Promise<T>;
}

const lockManager = () => (globalThis as { navigator?: { locks?: LockManager } }).navigator?.locks;

/** Returns the browser's locks between tabs; undefined where there are none, as on pages without https. */
export function webLock(): Lock | undefined {
  const locks = lockManager();
  return locks && ((name, work) => locks.request(name, work));
}

/** Notes that every tab sees from the moment on at which they are made, unlike what is written to `localStorage`. */
export interface SharedNotes {
  make(name: string): Promise<void>;
  has(name: string): Promise<boolean>;
}

/** Time for which a note lasts, in milliseconds: storage reaches the other tabs long before. */
const NOTED_FOR_MS = 60_000;

/** Returns notes that are locks which the tab holds for a while; undefined where there are no locks between tabs. */
export function webNotes(): SharedNotes | undefined {
  const locks = lockManager();
  return (
    locks && {
      make: (name) =>
        new Promise((resolve, reject) => {
          const held = locks.request(name, { mode: 'shared' }, () => {
            resolve();
            return new Promise<void>((end) => setTimeout(end, NOTED_FOR_MS));
          });
          held.catch(reject);
        }),
      has: (name) => locks.request(name, { ifAvailable: true }, (lock) => lock === null),
    }
  );
}

/** Returns a lock between calls of this object alone. */
export function ownLock(): Lock {
  const last = new Map<string, Promise<unknown>>();
  return (name, work) => {
    const turn = (last.get(name) ?? Promise.resolve()).then(work, work);
    last.set(name, turn);
    const forget = () => {
      if (last.get(name) === turn) last.delete(name);
    };
    turn.then(forget, forget);
    return turn;
  };
}
