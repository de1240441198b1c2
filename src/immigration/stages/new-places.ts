import { Type } from '@sinclair/typebox';
import type { FieldErrors } from '../../http/errors.js';
import {
  type Field,
  FieldError,
  field,
  isDictionary,
  MESSAGES,
  pythonType,
} from '../../http/fields/field.js';
import { list } from '../../http/fields/list.js';
import { integer } from '../../http/fields/scalar.js';

/** The new position of a stage among those of its type. */
export interface NewPlace {
  readonly stage_id: number;
  readonly new_position: number;
}

const shape = { stage_id: integer(), new_position: integer({ min: 1 }) };
const schema = Type.Object({ stage_id: shape.stage_id.schema, new_position: shape.new_position.schema });

/** Parses a position. @throws FieldError with messages by key */
function readPlace(given: unknown): NewPlace {
  if (!isDictionary(given)) {
    throw new FieldError({
      non_field_errors: [`Invalid data. Expected a dictionary, but got ${pythonType(given)}.`],
    });
  }
  const errors: FieldErrors = {};
  const read = (key: keyof typeof shape): number => {
    const value = given[key];
    try {
      if (value === undefined) throw FieldError.of(MESSAGES.required);
      if (value === null) throw FieldError.of(MESSAGES.null);
      return shape[key].parse(value);
    } catch (error) {
      if (!(error instanceof FieldError)) throw error;
      errors[key] = error.errors;
      return 0;
    }
  };
  const place = { stage_id: read('stage_id'), new_position: read('new_position') };
  if (Object.keys(errors).length > 0) throw new FieldError(errors);
  return place;
}

/** Makes a field for a list of {stage_id, new_position}. */
export function newPlaces(): Field<NewPlace[], false> {
  return list(field(schema, readPlace));
}
