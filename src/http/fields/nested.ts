import { type FieldErrors, HttpError } from '../errors.js';
import { body, type Input, type Shape } from './body.js';
import { type Field, FieldError, field } from './field.js';

/**
 * Makes a field that is an object with fields of its own; `name` is its name in the documentation.
 * @throws FieldError from `parse`, with messages under each of its fields
 */
export function nested<S extends Shape>(name: string, shape: S): Field<Input<S>, false> {
  const inner = body(name, shape);
  return field(inner.schema, (value) => {
    try {
      return inner.parse(value, false);
    } catch (error) {
      if (error instanceof HttpError) throw new FieldError(error.body as FieldErrors);
      throw error;
    }
  });
}
