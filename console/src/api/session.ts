import type { SignedInUser } from 'leopard-client';
import { useSyncExternalStore } from 'react';
import { clearDrafts } from '../parts/drafts.ts';
import { api } from './client.ts';

/**
 * Who is signed in at this tab. `expired`: the session has ended, here or by another tab, while the page was in use; the
 * page stays and asks for the password, so that nothing typed is lost.
 */
export type SessionState =
  | { readonly kind: 'loading' }
  | { readonly kind: 'out' }
  | { readonly kind: 'in'; readonly user: SignedInUser }
  | { readonly kind: 'expired'; readonly user: SignedInUser };

let state: SessionState = { kind: 'loading' };
let isLeaving = false;
let isHeld = false;
const listeners = new Set<() => void>();
/** Calls that go on when the same user has signed in again. */
const waiting: { resolve(): void; reject(reason: Error): void }[] = [];

function change(next: SessionState): void {
  state = next;
  for (const listener of listeners) listener();
}

async function look(): Promise<void> {
  if (isHeld) return;
  const user = await api.session.user();
  const before = state.kind === 'in' || state.kind === 'expired' ? state.user : null;
  if (!user) {
    if (isLeaving || !before) change({ kind: 'out' });
    else if (state.kind === 'in') change({ kind: 'expired', user: before });
    return;
  }
  // Somebody else's pages, rights and drafts must not be mixed with those that are shown.
  if (before && before.id !== user.id) return location.reload();
  if (state.kind !== 'in') change({ kind: 'in', user });
  for (const { resolve } of waiting.splice(0)) resolve();
}

api.session.onChange(() => void look());
void look();

/** Keeps the page of the log-in, although the user is signed in. @returns a function that ends this */
export function holdSignIn(): () => void {
  isHeld = true;
  return () => {
    isHeld = false;
    void look();
  };
}

/** Returns the session's state, and renders again when it changes. */
export function useSession(): SessionState {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => state,
  );
}

/** Notes that the session has ended, and waits until its user has signed in again. @throws Error when they leave instead */
export async function signedInAgain(): Promise<void> {
  if (state.kind === 'loading' || state.kind === 'out') throw new Error('Nobody is signed in.');
  change({ kind: 'expired', user: state.user });
  await new Promise<void>((resolve, reject) => waiting.push({ resolve, reject }));
}

/** Signs out, and forgets drafts. */
export async function signOut(): Promise<void> {
  isLeaving = true;
  try {
    clearDrafts();
    for (const { reject } of waiting.splice(0)) reject(new Error('The session has ended.'));
    await api.session.logOut();
    change({ kind: 'out' });
  } finally {
    isLeaving = false;
  }
}
