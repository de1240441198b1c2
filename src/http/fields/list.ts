import { Type } from '@sinclair/typebox';
import type { FieldErrors } from '../errors.js';
import { MOST_ITEMS, tooMany } from './bounds.js';
import { type Field, FieldError, field, MESSAGES, pythonType } from './field.js';

/** Maximum number of wrong items that an answer tells of. */
const MOST_ERRORS = 20;

/**
 * Makes a field that is a list of `item`. In a form the field is repeated, so a single value counts as a list of one.
 * @param options `min` and `max`: the minimum and maximum number of items; at most 1,000 unless `max` says otherwise
 */
export function list<T>(
  item: Field<T>,
  options: { readonly min?: 1; readonly max?: number } = {},
): Field<T[], false> {
  const { min, max = MOST_ITEMS } = options;
  const schema = Type.Array(item.schema, {
    ...(min !== undefined && { minItems: min }),
    maxItems: max,
  });
  return {
    ...field(schema, (value) => {
      if (!Array.isArray(value)) {
        throw FieldError.of(`Expected a list of items but got type "${pythonType(value)}".`);
      }
      if (min !== undefined && value.length < min) throw FieldError.of('This list may not be empty.');
      if (value.length > max) throw FieldError.of(tooMany(max));
      return readItems(item, value);
    }),
    many: true,
  };
}

/**
 * Parses the items of a list, up to the 20th that is wrong.
 * @throws FieldError with the messages of each wrong item under its index
 */
function readItems<T>(item: Field<T>, values: readonly unknown[]): T[] {
  const errors: FieldErrors = {};
  const items: T[] = [];
  let wrong = 0;
  for (const [index, value] of values.entries()) {
    try {
      if (value === null) throw FieldError.of(MESSAGES.null);
      items.push(item.parse(value));
    } catch (error) {
      if (!(error instanceof FieldError)) throw error;
      errors[index] = error.errors;
      wrong++;
      if (wrong === MOST_ERRORS && index < values.length - 1) {
        errors.non_field_errors = [`Only the first ${MOST_ERRORS} wrong items are listed.`];
        break;
      }
    }
  }
  if (wrong > 0) throw new FieldError(errors);
  return items;
}
