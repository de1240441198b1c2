import { ApiFailure, listMessages } from 'leopard-client';
import type { UseFormReturn } from 'react-hook-form';
import { type FieldDef, shownName, type Values } from './fields.tsx';

/** A record as the API answers it. */
export type Answer = Readonly<Record<string, unknown>>;

/** Returns the values of a form for a record, or for a new one. */
export function valuesOf(fields: readonly FieldDef[], record: Answer): Values {
  return Object.fromEntries(
    fields.flatMap((field) => {
      const value = record[field.read ?? field.name] ?? record[field.name];
      if (field.kind === 'check') return [[field.name, value ?? false]];
      if (field.kind !== 'lookup') return [[field.name, value ?? '']];
      return [
        [field.name, value ?? null],
        [shownName(field.name), field.shown ? (record[field.shown] ?? '') : ''],
      ];
    }),
  );
}

/** Returns a field's value as the API takes it. Whole numbers beyond what JavaScript holds exactly stay text. */
function sentValue(field: FieldDef, value: unknown): unknown {
  if (field.kind === 'integer' && typeof value === 'string' && /^-?\d+$/.test(value.trim())) {
    const exact = Number(value);
    return Number.isSafeInteger(exact) ? exact : value.trim();
  }
  const isEmpty = value === '' || value === undefined;
  const hasNull =
    field.kind === 'date' || field.kind === 'integer' || field.kind === 'decimal' || field.kind === 'lookup';
  return isEmpty && hasNull ? null : value;
}

/** Returns the fields whose value differs from another set of values. */
export function changedFields(fields: readonly FieldDef[], values: Values, from: Values): FieldDef[] {
  return fields.filter(({ name }) => String(values[name] ?? '') !== String(from[name] ?? ''));
}

/** Returns the body with these fields. */
export function bodyOf(fields: readonly FieldDef[], values: Values): Values {
  return Object.fromEntries(fields.map((field) => [field.name, sentValue(field, values[field.name])]));
}

/** Puts a failed call's messages at their fields. @returns what belongs to no field; '' for nothing */
export function showFailure(
  form: UseFormReturn<Values>,
  fields: readonly FieldDef[],
  failure: unknown,
): string {
  if (!(failure instanceof ApiFailure)) return failure instanceof Error ? failure.message : String(failure);
  const { error } = failure;
  if (error.kind !== 'fields') return error.message;
  const rest: string[] = [];
  let isFirst = true;
  for (const { path, message } of listMessages(error.fields)) {
    const name = path.split('.', 1)[0] as string;
    const field = fields.find((each) => each.name === name || each.read === name);
    if (!field) rest.push(name === 'non_field_errors' || name === 'detail' ? message : `${path}: ${message}`);
    else {
      form.setError(field.name, { message }, { shouldFocus: isFirst });
      isFirst = false;
    }
  }
  return rest.join(' ');
}
