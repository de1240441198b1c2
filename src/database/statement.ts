/** One SQL statement, of one command, with its values apart from its text. */
export interface Statement<Row = unknown> {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  /** Whether one plan serves all values; see `onePlan`. */
  readonly onePlan?: boolean;
  /** Carries the type of the rows; never set at run time. */
  readonly row?: Row;
}

/** Returns a statement written as SQL text with `$1`, `$2` … and their values. */
export function statement<Row>(sql: string, parameters: readonly unknown[] = []): Statement<Row> {
  return { sql, parameters };
}

/**
 * Returns the same query, marked to be planned once for all values where it is kept prepared. PostgreSQL plans it for
 * each value when it hopes for a better plan, which here may cost more than running it. Only for queries whose plan
 * must not depend on the values: those that search text by an index, or show the first rows of an order.
 */
export function onePlan<Row>({ sql, parameters }: Statement<Row>): Statement<Row> {
  return { sql, parameters, onePlan: true };
}
