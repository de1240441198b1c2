import { anyOf, holds } from '../../database/conditions.js';
import { type Sql, sql } from '../../database/sql.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import { isId } from '../../http/path-id.js';

// The contract's filters, of lists whose rows are called `r`. Each yields a condition, or undefined when the parameter
// is not given. Columns are constants of the program, never of a request.

type Condition = Sql<boolean> | undefined;

/** A column, or an expression such as "first last". */
type Text = string | Sql;

const asSql = (text: Text) => (typeof text === 'string' ? sql.ref(text) : text);

/** Returns the condition for `search`: anywhere in one of these. @throws HttpError 400 when it is too long */
export function searchFilter(query: QueryParameters, ...texts: readonly Text[]): Condition {
  const typed = query.filterText('search');
  return typed === undefined ? undefined : anyOf(texts.map((text) => holds(asSql(text), typed)));
}

/**
 * Returns the condition for a text parameter: anywhere in the column of its name.
 * @throws HttpError 400 when it is too long
 */
export function textFilter(query: QueryParameters, name: string): Condition {
  const typed = query.filterText(name);
  return typed === undefined ? undefined : holds(sql.ref(`r.${name}`), typed);
}

/** Returns the condition for a choice or a code: any of the given values. */
export function choiceFilter(query: QueryParameters, name: string, column = `r.${name}`): Condition {
  const values = query.choices(name);
  return values && sql`${sql.ref(column)} = ANY (${values}::text[])`;
}

/**
 * Returns the condition for the id of a related record; an impossible id matches nothing.
 * @throws HttpError 400 for no integer
 */
export function idFilter(query: QueryParameters, name: string, column = `r.${name}`): Condition {
  const id = query.integer(name);
  if (id === undefined) return undefined;
  return isId(id) ? sql`${sql.ref(column)} = ${id}` : sql`false`;
}

export function booleanFilter(query: QueryParameters, name: string, column = `r.${name}`): Condition {
  const value = query.boolean(name);
  return value === undefined ? undefined : sql`${sql.ref(column)} = ${value}`;
}

/** Returns the condition that excludes soft-deleted records, unless `include_deleted` asks for them. */
export function deletedFilter(query: QueryParameters): Condition {
  return query.boolean('include_deleted') ? undefined : sql`r.deleted_at IS NULL`;
}
