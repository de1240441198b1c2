import { invalidField } from '../../http/errors.js';

/**
 * Checks that a record's second date is not before its first, if it has both.
 * @param record with dates as YYYY-MM-DD: of a change, the stored values overlaid with the given ones
 * @throws HttpError 400 on the field of the second
 */
export function checkDateOrder(record: Readonly<Record<string, unknown>>, start: string, end: string): void {
  const [first, second] = [record[start], record[end]];
  // Years have four digits, so that texts sort like days.
  if (typeof first === 'string' && typeof second === 'string' && second < first) {
    throw invalidField(end, `${label(end)} cannot be before ${label(start).toLowerCase()}.`);
  }
}

function label(field: string): string {
  const words = field.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
