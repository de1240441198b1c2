import { Type } from '@sinclair/typebox';
import type { FieldErrors } from '../errors.js';
import { type Field, FieldError, field, MESSAGES, pythonType } from './field.js';

/**
 * Makes a field that is a list of `item`. In a form the field is repeated, so a single value counts as a list of one.
 * @param options `min` and `max`: the minimum and maximum number of items
 */
export function list<T>(
  item: Field<T>,
  options: { readonly min?: 1; readonly max?: number } = {},
): Field<T[], false> {
  const { min, max } = options;
  const schema = Type.Array(item.schema, {
    ...(min !== undefined && { minItems: min }),
    ...(max !== undefined && { maxItems: max }),
  });
  return {
    ...field(schema, (value) => {
      if (!Array.isArray(value)) {
        throw FieldError.of(`Expected a list of items but got type "${pythonType(value)}".`);
      }
      if (min !== undefined && value.length < min) throw FieldError.of('This list may not be empty.');
      if (max !== undefined && value.length > max) {
        throw FieldError.of(`Ensure this field has no more than ${max} elements.`);
      }
      return readItems(item, value);
    }),
    many: true,
  };
}

/** Parses the items of a list. @throws FieldError with the messages of each wrong item under its index */
function readItems<T>(item: Field<T>, values: readonly unknown[]): T[] {
  const errors: FieldErrors = {};
  const items = values.map((value, index) => {
    try {
      if (value === null) throw FieldError.of(MESSAGES.null);
      return item.parse(value);
    } catch (error) {
      if (!(error instanceof FieldError)) throw error;
      errors[index] = error.errors;
      return undefined as T;
    }
  });
  if (Object.keys(errors).length > 0) throw new FieldError(errors);
  return items;
}
