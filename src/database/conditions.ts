import { foldText } from './folding.js';
import { type Sql, sql } from './sql.js';

/** Returns the conjunction of these conditions; true when there are none. */
export function allOf(conditions: readonly (Sql | undefined | false)[]): Sql<boolean> {
  const given = conditions.filter((condition) => condition !== undefined && condition !== false);
  return given.length === 0 ? sql`true` : sql`${sql.join(given, sql` AND `)}`;
}

/** Returns the disjunction of these conditions; false when there are none. */
export function anyOf(conditions: readonly Sql[]): Sql<boolean> {
  return conditions.length === 0 ? sql`false` : sql`(${sql.join(conditions, sql` OR `)})`;
}

/** Returns the LIKE pattern that matches this text anywhere; its special characters are escaped. */
export function anywhere(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`;
}

/**
 * Returns the condition that a text contains another one, ignoring case, accents and whatever else `foldText` levels.
 * A search text of which folding leaves nothing (a lone accent) matches nothing.
 * @param text a column or an expression, which may be null
 */
export function holds(text: Sql, typed: string): Sql<boolean> {
  const folded = foldText(typed);
  return folded === '' ? sql`false` : sql`public.fold_text(${text}) LIKE ${anywhere(folded)}`;
}

/** Default page size and offset of lists. */
const USUAL = { size: 25, offset: 0 };

/**
 * Returns LIMIT and OFFSET. Those of the default page are literals: PostgreSQL assumes that an unknown limit yields a
 * tenth of all rows, and would therefore keep no plan for the statement but plan it each time.
 */
export function limited(size: number, offset: number): Sql {
  if (size === USUAL.size && offset === USUAL.offset) return sql`LIMIT ${sql.lit(USUAL.size)}`;
  return sql`LIMIT ${size} OFFSET ${offset}`;
}
