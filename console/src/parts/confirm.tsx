import { type ReactNode, useId, useState } from 'react';
import { t } from '../i18n/index.ts';
import { Dialog } from './dialog.tsx';

interface Props {
  /** The text of the button. */
  readonly label: string;
  readonly title: string;
  readonly children?: ReactNode;
  /** A text that must be typed first, such as the name of what is deleted. */
  readonly typed?: string | undefined;
  readonly disabled?: boolean;
  onConfirm(): void;
}

/** A button whose action is carried out once it is confirmed. */
export function Confirm({ label, title, children, typed, disabled, onConfirm }: Props) {
  const [isOpen, setOpen] = useState(false);
  const [text, setText] = useState('');
  const id = useId();
  const close = () => {
    setOpen(false);
    setText('');
  };
  return (
    <>
      <button type="button" className="danger" disabled={disabled} onClick={() => setOpen(true)}>
        {label}
      </button>
      {isOpen && (
        <Dialog title={title} onClose={close}>
          {children}
          {typed !== undefined && (
            <div className="field">
              <label htmlFor={id}>{t('Type {{text}} to go on', { text: typed })}</label>
              <input
                id={id}
                value={text}
                autoComplete="off"
                onChange={(event) => setText(event.target.value)}
              />
            </div>
          )}
          <div className="bar">
            <button
              type="button"
              className="danger"
              disabled={typed !== undefined && text !== typed}
              onClick={() => {
                close();
                onConfirm();
              }}
            >
              {label}
            </button>
            <button type="button" onClick={close}>
              {t('Cancel')}
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}
