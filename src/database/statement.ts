import type { RawBuilder } from 'kysely';

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
