import { useId } from 'react';
import { Controller, type UseFormReturn } from 'react-hook-form';
import { t } from '../i18n/index.ts';
import { Lookup } from './lookup.tsx';
import type { LookupSource } from './lookup-source.ts';
import { words } from './words.ts';

interface Common {
  /** The field's name in the body, by which the API names it in errors. */
  readonly name: string;
  readonly label: string;
  readonly required?: boolean;
  readonly help?: string;
  /** Its name in the answer, where that is another: `assigned_to` for `assigned_to_id`. */
  readonly read?: string;
  readonly disabled?: boolean;
}

/** A field of a form. Decimals are texts, as in the API; a whole number keeps all its digits. */
export type FieldDef = Common &
  (
    | {
        readonly kind?:
          | 'text'
          | 'email'
          | 'url'
          | 'password'
          | 'date'
          | 'decimal'
          | 'integer'
          | 'area'
          | 'check';
      }
    | {
        readonly kind: 'choice';
        readonly choices: readonly string[];
        readonly name_of?: (code: string) => string;
      }
    | {
        readonly kind: 'lookup';
        readonly of: LookupSource;
        /** Name of the answer's field that holds the record's name. */
        readonly shown?: string;
      }
  );

export type Values = Record<string, unknown>;

/** The names under which a form keeps what lookups show, beside their ids. */
export const shownName = (name: string) => `${name}~shown`;

const TYPES: Readonly<Record<string, string>> = { decimal: 'text', integer: 'text' };
const KEYBOARDS = { decimal: 'decimal', integer: 'numeric' } as const;

/** The fields of a form, each with the message that the API has for it. */
export function Fields({
  form,
  fields,
}: {
  readonly form: UseFormReturn<Values>;
  readonly fields: readonly FieldDef[];
}) {
  return fields.map((field) => <Field key={field.name} form={form} field={field} />);
}

function Field({ form, field }: { readonly form: UseFormReturn<Values>; readonly field: FieldDef }) {
  const id = useId();
  const { name, label, required = false, help, disabled } = field;
  const error = form.getFieldState(name, form.formState).error?.message;
  const missing = required ? t('This field is required.') : false;
  if (field.kind === 'lookup')
    return (
      <Controller
        control={form.control}
        name={name}
        rules={{ required: missing }}
        render={({ field: { value, onChange } }) => (
          <Lookup
            {...{ label, required, error, disabled, of: field.of }}
            value={(value as number | null | undefined) ?? null}
            shown={form.watch(shownName(name)) as string}
            onChange={(chosen, text) => {
              form.setValue(shownName(name), text);
              onChange(chosen);
            }}
          />
        )}
      />
    );
  const about = [help && `${id}-help`, error && `${id}-error`].filter(Boolean).join(' ');
  const common = {
    ...form.register(name, { required: field.kind === 'check' ? false : missing }),
    id,
    disabled,
    'aria-required': required || undefined,
    'aria-invalid': error ? true : undefined,
    'aria-describedby': about || undefined,
  } as const;
  return (
    <div className={`field ${field.kind ?? 'text'}`}>
      <label htmlFor={id}>
        {label}
        {required && <span aria-hidden="true"> *</span>}
      </label>
      {field.kind === 'choice' ? (
        <select {...common}>
          {!required && <option value="">–</option>}
          {field.choices.map((code) => (
            <option key={code} value={code}>
              {(field.name_of ?? words)(code)}
            </option>
          ))}
        </select>
      ) : field.kind === 'area' ? (
        <textarea {...common} rows={4} dir="auto" />
      ) : field.kind === 'check' ? (
        <input {...common} type="checkbox" />
      ) : (
        <input
          {...common}
          type={TYPES[field.kind ?? 'text'] ?? field.kind ?? 'text'}
          inputMode={KEYBOARDS[field.kind as keyof typeof KEYBOARDS]}
          autoComplete="off"
          dir={field.kind === undefined || field.kind === 'text' ? 'auto' : undefined}
        />
      )}
      {help && (
        <p id={`${id}-help`} className="help">
          {help}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} className="error">
          {error}
        </p>
      )}
    </div>
  );
}
