import { type Sql, sql } from '../../database/sql.js';

/** Returns a person's name, "first last", of the user joined under this alias; null where there is none. */
export function fullName(alias: string): Sql<string> {
  return sql`trim(${sql.ref(`${alias}.first_name`)} || ' ' || ${sql.ref(`${alias}.last_name`)})`;
}

/** Returns the same for the user whose id is in this column, looked up by a subquery. */
export function nameOf(column: string): Sql<string | null> {
  return sql`(SELECT ${fullName('u')} FROM immigration_user u WHERE u.id = ${sql.ref(column)})`;
}
