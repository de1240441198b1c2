import { queries, type RawBuilder, sql } from './queries.js';
import type { Executable, Statement } from './statement.js';

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
 * Compiles a fixed part of queries to text once, so that it is not assembled for each query.
 * @throws Error if it has values
 */
export function fixedPart<Row>(part: RawBuilder<Row>): RawBuilder<Row> {
  const { sql: text, parameters } = compiled(part);
  if (parameters.length > 0) throw new Error(`a fixed part of queries has values: ${text}`);
  return sql.raw<Row>(text);
}
