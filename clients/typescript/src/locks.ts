/** Runs work alone: of all that share a name, in whichever tab or process, one at a time. */
export type Lock = <T>(name: string, work: () => Promise<T>) => Promise<T>;

interface LockManager {
  request<T>(name: string, work: () => Promise<T>): Promise<T>;
}

/** Returns the browser's locks between tabs; undefined where there are none, as on pages without https. */
export function webLock(): Lock | undefined {
  const { locks } = (globalThis as { navigator?: { locks?: LockManager } }).navigator ?? {};
  return locks && ((name, work) => locks.request(name, work));
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
