import { useSyncExternalStore } from 'react';
import { t } from '../i18n/index.ts';

interface Toast {
  readonly id: number;
  readonly text: string;
  readonly undo?: (() => void) | undefined;
}

/** Toasts shown at once; older ones go. */
const MOST = 4;
const SHOWN_FOR_MS = 8_000;

let toasts: readonly Toast[] = [];
let last = 0;
const listeners = new Set<() => void>();

function change(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

const remove = (id: number) => change(toasts.filter((toast) => toast.id !== id));

/** Shows, and has read out, a short message. @param undo offers to take back what it tells of */
export function toast(text: string, undo?: () => void): void {
  const id = ++last;
  change([...toasts.slice(1 - MOST), { id, text, undo }]);
  setTimeout(() => remove(id), undo ? 2 * SHOWN_FOR_MS : SHOWN_FOR_MS);
}

export function Toasts() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map(({ id, text, undo }) => (
        <p key={id}>
          {text}{' '}
          {undo && (
            <button
              type="button"
              onClick={() => {
                remove(id);
                undo();
              }}
            >
              {t('Undo')}
            </button>
          )}
          <button type="button" className="plain" aria-label={t('Close message')} onClick={() => remove(id)}>
            ×
          </button>
        </p>
      ))}
    </div>
  );
}
