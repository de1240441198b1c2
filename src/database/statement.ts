import type { RawBuilder } from 'kysely';
import { queries, sql } from './queries.js';

/** One SQL statement, of one command, with its values apart from its text. */
export interface Statement<Row = unknown> {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  /** Whether one plan serves all values; see `onePlan`. */
  readonly onePlan?: boolean;
  /** Carries the type of the rows; never there at run time. */
  readonly row?: Row;
}

/** A Kysely query that still has to be compiled. */
interface QueryBuilder<Row> {
  compile(): Statement & { readonly query: unknown };
  execute(): Promise<Row[]>;
}

/** What can be run: a statement, or a query of Kysely's in either form (`queries.…`, sql`…`). */
export type Executable<Row> = Statement<Row> | QueryBuilder<Row> | RawBuilder<Row>;

/** A statement written as SQL text with `$1`, `$2` … and their values. */
export function statement<Row>(sql: string, parameters: readonly unknown[] = []): Statement<Row> {
  return { sql, parameters };
}

/**
 * The same query, planned once for all values where it is kept prepared. PostgreSQL itself plans it for each value
 * when it hopes for a better plan, which here may cost more than running it. Only for queries whose plan must be
 * the same whatever the values are: those that search text by an index, or show the first rows of an order.
 */
export function onePlan<Row>(query: Executable<Row>): Statement<Row> {
  const { sql, parameters } = compiled(query);
  return { sql, parameters, onePlan: true };
}

/** The statement to send for a query of any form. */
export function compiled(query: Executable<unknown>): Statement {
  return 'compile' in query ? query.compile(queries) : query;
}

/**
 * A part of queries that is the same in all of them, as the text that it comes to: what is in many queries is then not
 * put together anew for each.
 * @throws Error when it has values
 */
export function fixedPart<Row>(part: RawBuilder<Row>): RawBuilder<Row> {
  const { sql: text, parameters } = compiled(part);
  if (parameters.length > 0) throw new Error(`a fixed part of queries has values: ${text}`);
  return sql.raw<Row>(text);
}
