import { Type } from '@sinclair/typebox';
import { type Field, FieldError, field, MESSAGES } from './field.js';

// The formats that Django's parse_datetime accepts; a date alone counts as its midnight.
const MOMENT =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d{1,6})\d{0,6})?)?\s*(?:(Z)|([+-])(\d{2})(?::?(\d{2}))?)?)?$/i;
const FIRST = Date.parse('0001-01-01T00:00:00Z');
const LAST = Date.parse('9999-12-31T23:59:59.999Z');
const MINUTE = 60_000;

/**
 * Parses a moment as DRF's DateTimeField does and returns it in UTC as the API writes it: `2026-01-31T09:00:00Z`,
 * microseconds when they are not zero. Without an offset it is in UTC.
 * @throws FieldError
 */
export function readDateTime(value: unknown): string {
  const match = typeof value === 'string' ? MOMENT.exec(value.trim()) : null;
  if (!match) throw FieldError.of(MESSAGES.datetime);
  const [, , , , , , , fraction = '', , sign, ...offsets] = match;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const [offsetHours, offsetMinutes] = offsets.map((part) => Number(part ?? 0)) as [number, number];
  const local = new Date(Date.UTC(2000, month - 1, day, hour, minute, second));
  local.setUTCFullYear(year, month - 1, day);
  const exists = year > 0 && local.getUTCMonth() === month - 1 && local.getUTCDate() === day;
  if (!exists || hour > 23 || minute > 59 || second > 59 || offsetHours > 23 || offsetMinutes > 59) {
    throw FieldError.of(MESSAGES.datetime);
  }
  const offset = (offsetHours * 60 + offsetMinutes) * (sign === '-' ? -MINUTE : MINUTE);
  const moment = local.getTime() - offset;
  if (moment < FIRST || moment > LAST) throw FieldError.of('Datetime value out of range.');
  const microseconds = fraction.padEnd(6, '0');
  const clock = new Date(moment).toISOString().slice(0, 19);
  return microseconds === '000000' ? `${clock}Z` : `${clock}.${microseconds}Z`;
}

/** Returns whether one moment lies after another, both as the API writes them. */
export function isAfter(moment: string, other: string): boolean {
  return moment.slice(0, -1) > other.slice(0, -1); // without Z, which would sort after a fraction
}

/** Makes a field for a moment. */
export function datetime(): Field<string, false> {
  return field(Type.String({ format: 'date-time' }), readDateTime);
}
