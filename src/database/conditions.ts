import { type RawBuilder, sql } from './queries.js';

/** All of these conditions; true when there are none. */
export function allOf(conditions: readonly (RawBuilder<unknown> | undefined | false)[]): RawBuilder<boolean> {
  const given = conditions.filter((condition) => condition !== undefined && condition !== false);
  return given.length === 0 ? sql`true` : sql`${sql.join(given, sql` AND `)}`;
}

/** Any of these conditions; false when there are none. */
export function anyOf(conditions: readonly RawBuilder<unknown>[]): RawBuilder<boolean> {
  return conditions.length === 0 ? sql`false` : sql`(${sql.join(conditions, sql` OR `)})`;
}

/** The ILIKE pattern for "anywhere in the text": what the user typed stands for itself. */
export function anywhere(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`;
}
