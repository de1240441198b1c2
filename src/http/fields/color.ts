import { Type } from '@sinclair/typebox';
import { type Field, FieldError, field } from './field.js';
import { readText } from './text.js';

const COLOR = /^#?[0-9A-Fa-f]{6}$/;

/** Makes a field for a colour, six hexadecimal digits with or without `#`; parsed as one with it. */
export function hexColor(): Field<string, false> {
  const schema = Type.String({ minLength: 1, pattern: COLOR.source });
  return field(schema, (value) => {
    const color = readText(value, { min: 1 });
    if (!COLOR.test(color)) throw FieldError.of('This value does not match the required pattern.');
    return color.startsWith('#') ? color : `#${color}`;
  });
}
