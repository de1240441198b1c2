import type { ApiError } from 'leopard-client';
import { useSyncExternalStore } from 'react';

// Whether the server answers. One banner tells, instead of a message at each place.

let isAway = false;
const listeners = new Set<() => void>();

function change(next: boolean): void {
  if (next === isAway) return;
  isAway = next;
  for (const listener of listeners) listener();
}

/** Returns whether an error means that the server, or the way to it, is down. */
export function isServerAway({ kind }: ApiError): boolean {
  return kind === 'network' || kind === 'unavailable' || kind === 'timeout';
}

export function noteReached(): void {
  change(false);
}

export function noteFailure(error: ApiError): void {
  if (isServerAway(error)) change(true);
}

/** Returns whether the server is away, and renders again when that changes. */
export function useServerAway(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => isAway,
  );
}

addEventListener('offline', () => change(true));
