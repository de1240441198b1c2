import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type KeyboardEvent, useDeferredValue, useId, useState } from 'react';
import { t } from '../i18n/index.ts';
import type { LookupSource, Option } from './lookup-source.ts';

interface Props {
  readonly label: string;
  readonly of: LookupSource;
  readonly value: number | null;
  /** Name of the record, where it is known. */
  readonly shown?: string | null | undefined;
  readonly required?: boolean | undefined;
  readonly error?: string | undefined;
  readonly disabled?: boolean | undefined;
  onChange(id: number | null, label: string): void;
}

/** A field for a related record, which is found by typing: never a list of all records. */
export function Lookup({ label, of, value, shown, required, error, disabled, onChange }: Props) {
  const id = useId();
  const [text, setText] = useState<string | null>(null);
  const [active, setActive] = useState(0);
  const typed = useDeferredValue(text);
  const found = useQuery({
    queryKey: ['lookup', of.key, typed],
    queryFn: ({ signal }) => of.find(typed ?? '', signal),
    enabled: typed !== null,
    placeholderData: keepPreviousData,
  });
  const named = useQuery({
    queryKey: ['lookup-name', of.key, value],
    queryFn: ({ signal }) => of.name(value as number, signal),
    enabled: value !== null && !shown,
    staleTime: 60_000,
  });
  const isOpen = text !== null;
  const options = isOpen ? (found.data ?? []) : [];
  const choose = (option: Option | undefined) => {
    if (option) onChange(option.id, option.label);
    setText(null);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') {
      event.preventDefault();
      if (isOpen) setActive(Math.min(active + 1, options.length - 1));
      else setText('');
    } else if (event.key === 'ArrowUp') {
      event.preventDefault();
      setActive(Math.max(active - 1, 0));
    } else if (event.key === 'Enter' && isOpen) {
      event.preventDefault();
      choose(options[active]);
    } else if (event.key === 'Escape' && isOpen) {
      event.preventDefault(); // a dialog around it stays open
      event.stopPropagation();
      setText(null);
    }
  };
  const name = value === null ? '' : (shown ?? named.data ?? `#${value}`);
  const current = options[active];
  return (
    <div className="field lookup">
      <label htmlFor={id}>
        {label}
        {required && <span aria-hidden="true"> *</span>}
      </label>
      <input
        id={id}
        role="combobox"
        autoComplete="off"
        dir="auto"
        disabled={disabled}
        aria-required={required}
        aria-expanded={isOpen}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={isOpen && current ? `${id}-${current.id}` : undefined}
        aria-invalid={error ? true : undefined}
        aria-describedby={error ? `${id}-error` : undefined}
        value={text ?? name}
        placeholder={t('Type to search')}
        onChange={({ target }) => {
          setText(target.value);
          setActive(0);
          if (target.value === '') onChange(null, '');
        }}
        onFocus={({ target }) => target.select()}
        onBlur={() => setText(null)}
        onKeyDown={onKeyDown}
      />
      <div id={`${id}-list`} role="listbox" aria-label={label} className="options" hidden={!isOpen}>
        {options.map((option, index) => (
          <div
            key={option.id}
            id={`${id}-${option.id}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === active}
            dir="auto"
            // Before the field loses the focus.
            onMouseDown={(event) => {
              event.preventDefault();
              choose(option);
            }}
          >
            {option.label}
          </div>
        ))}
        {isOpen && found.isSuccess && options.length === 0 && (
          <div role="option" tabIndex={-1} aria-selected={false} aria-disabled="true">
            {t('Nothing found')}
          </div>
        )}
        {isOpen && found.isError && (
          <div role="option" tabIndex={-1} aria-selected={false} aria-disabled="true">
            {found.error.message}
          </div>
        )}
      </div>
      {error && (
        <p id={`${id}-error`} className="error">
          {error}
        </p>
      )}
    </div>
  );
}
