import { Type } from '@sinclair/typebox';
import { type Field, FieldError, field } from './field.js';

// The formats that Python parses as a time; an offset is meaningless without a date, and is dropped as DRF does.
const TIME =
  /^([01]?\d|2[0-3]):([0-5]?\d)(?::([0-5]?\d)(?:[.,](\d{1,6})\d{0,6})?)?(?:Z|[+-]\d{2}(?::?\d{2})?)?$/i;

/** Parses a time of day and returns it as HH:MM:SS, with microseconds when they are not zero. @throws FieldError */
export function readTime(value: unknown): string {
  const match = typeof value === 'string' ? TIME.exec(value.trim()) : null;
  if (!match) {
    throw FieldError.of('Time has wrong format. Use one of these formats instead: hh:mm[:ss[.uuuuuu]].');
  }
  const clock = match.slice(1, 4).map((part) => (part ?? '').padStart(2, '0'));
  const microseconds = (match[4] ?? '').padEnd(6, '0');
  return clock.join(':') + (microseconds === '000000' ? '' : `.${microseconds}`);
}

/** Makes a field for a time of day. */
export function time(): Field<string, false> {
  return field(Type.String({ format: 'time' }), readTime);
}
