import { type ReactNode, useEffect, useId, useRef } from 'react';
import { t } from '../i18n/index.ts';

interface Props {
  readonly title: string;
  readonly children: ReactNode;
  /** Called when Escape or the close button is pressed; without it the dialog cannot be left. */
  readonly onClose?: (() => void) | undefined;
  readonly className?: string;
}

const FIELDS = ':is(input, select, textarea):enabled:not([readonly])';

/** A modal dialog, open as long as it is rendered. The browser keeps the focus within it and gives it back. */
export function Dialog({ title, children, onClose, className }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    // The browser would begin at the close button.
    shown?.querySelector<HTMLElement>(FIELDS)?.focus();
    return () => shown?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      className={className}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
      // Chromium closes at a second Escape whatever `cancel` says.
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || event.defaultPrevented) return;
        event.preventDefault();
        event.stopPropagation();
        onClose?.();
      }}
    >
      <header className="bar">
        <h2 id={id}>{title}</h2>
        {onClose && (
          <button type="button" className="plain" aria-label={t('Close')} onClick={onClose}>
            ×
          </button>
        )}
      </header>
      {children}
    </dialog>
  );
}
