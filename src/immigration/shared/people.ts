import { type RawBuilder, sql } from '../../database/queries.js';

/** A person's name, "first last", of the user joined under this alias; null where there is none. */
export function fullName(alias: string): RawBuilder<string | null> {
  return sql`trim(${sql.ref(`${alias}.first_name`)} || ' ' || ${sql.ref(`${alias}.last_name`)})`;
}
