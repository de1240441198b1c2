import { useEffect, useId, useState } from 'react';
import type { Address } from '../api/address.ts';
import { t } from '../i18n/index.ts';
import { Lookup } from './lookup.tsx';
import type { LookupSource } from './lookup-source.ts';
import { words } from './words.ts';

/** A filter of a list; its value stands in the address under its name, and is sent under that name. */
export type Filter =
  | { readonly name: string; readonly label: string; readonly kind: 'text' }
  | {
      readonly name: string;
      readonly label: string;
      readonly kind: 'choice';
      readonly choices: readonly string[];
      readonly name_of?: (code: string) => string;
    }
  | { readonly name: string; readonly label: string; readonly kind: 'yesno' }
  | { readonly name: string; readonly label: string; readonly kind: 'lookup'; readonly of: LookupSource }
  /** Days from and to, with the names of both parameters. */
  | {
      readonly name: string;
      readonly label: string;
      readonly kind: 'days';
      readonly from: string;
      readonly to: string;
    };

/** Returns the names of the parameters that filters set. */
export function parametersOf(filters: readonly Filter[]): string[] {
  return filters.flatMap((filter) => (filter.kind === 'days' ? [filter.from, filter.to] : [filter.name]));
}

interface Props {
  readonly filters: readonly Filter[];
  readonly address: Address;
  onChange(part: Address): void;
}

export function Filters({ filters, address, onChange }: Props) {
  return filters.map((filter) => <One key={filter.name} {...{ filter, address, onChange }} />);
}

function One({ filter, address, onChange }: Omit<Props, 'filters'> & { readonly filter: Filter }) {
  const id = useId();
  const { name, label } = filter;
  const value = address[name] ?? '';
  const set = (text: string) => onChange({ [name]: text || undefined });
  if (filter.kind === 'text') return <Typed label={label} value={value} onChange={set} />;
  if (filter.kind === 'days') return <Days {...{ filter, address, onChange }} />;
  if (filter.kind === 'lookup')
    return (
      <Lookup
        label={label}
        of={filter.of}
        value={/^\d+$/.test(value) ? Number(value) : null}
        onChange={(chosen) => set(chosen === null ? '' : String(chosen))}
      />
    );
  const choices = filter.kind === 'yesno' ? ['true', 'false'] : filter.choices;
  const nameOf =
    filter.kind === 'yesno' ? (code: string) => t(code === 'true' ? 'Yes' : 'No') : (filter.name_of ?? words);
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select id={id} value={value} onChange={({ target }) => set(target.value)}>
        <option value="">{t('any')}</option>
        {choices.map((code) => (
          <option key={code} value={code}>
            {nameOf(code)}
          </option>
        ))}
      </select>
    </div>
  );
}

const TYPED_AFTER_MS = 300;

/** A field whose text is taken once its writer pauses. */
export function Typed({
  label,
  value,
  onChange,
}: {
  readonly label: string;
  readonly value: string;
  onChange(text: string): void;
}) {
  const id = useId();
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what is typed starts the wait
  useEffect(() => {
    if (text === value) return;
    const later = setTimeout(() => onChange(text), TYPED_AFTER_MS);
    return () => clearTimeout(later);
  }, [text]);
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="search"
        dir="auto"
        autoComplete="off"
        value={text}
        onChange={({ target }) => setText(target.value)}
      />
    </div>
  );
}

const dayText = (date: Date) =>
  `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, '0')}-${String(date.getDate()).padStart(2, '0')}`;

/** Spans of days up to today, by name. */
const SPANS: Readonly<Record<string, (now: Date) => Date>> = {
  Today: (now) => now,
  'Last 7 days': (now) => new Date(now.getFullYear(), now.getMonth(), now.getDate() - 6),
  'This month': (now) => new Date(now.getFullYear(), now.getMonth(), 1),
  'This year': (now) => new Date(now.getFullYear(), 0, 1),
};

function Days({
  filter,
  address,
  onChange,
}: Omit<Props, 'filters'> & { readonly filter: Extract<Filter, { kind: 'days' }> }) {
  const id = useId();
  const { label, from, to } = filter;
  const field = (name: string, text: string) => (
    <div className="field">
      <label htmlFor={`${id}-${name}`}>{text}</label>
      <input
        id={`${id}-${name}`}
        type="date"
        value={address[name] ?? ''}
        onChange={({ target }) => onChange({ [name]: target.value || undefined })}
      />
    </div>
  );
  return (
    <>
      <div className="field">
        <label htmlFor={id}>{label}</label>
        <select
          id={id}
          value=""
          onChange={({ target }) => {
            const first = SPANS[target.value];
            onChange({ [from]: first && dayText(first(new Date())), [to]: undefined });
          }}
        >
          <option value="">{address[from] || address[to] ? t('chosen days') : t('any time')}</option>
          {Object.keys(SPANS).map((name) => (
            <option key={name} value={name}>
              {t(name)}
            </option>
          ))}
          <option value="any">{t('any time')}</option>
        </select>
      </div>
      {field(from, t('{{label}}, from', { label }))}
      {field(to, t('{{label}}, to', { label }))}
    </>
  );
}
