/**
 * The statements that a migration without a transaction may have: each can be cut off anywhere and run again. Names
 * are plain, without a schema, which is added when they run.
 */
const REPEATABLE = [
  /^CREATE (?:UNIQUE )?INDEX CONCURRENTLY IF NOT EXISTS (?<index>[a-z_][a-z0-9_]*) ON (?<table>(?:public\.)?[a-z_][a-z0-9_]*)[ (]/d,
  /^DROP INDEX CONCURRENTLY IF EXISTS (?<index>(?:public\.)?[a-z_][a-z0-9_]*)$/d,
  /^ALTER TABLE (?<table>(?:public\.)?[a-z_][a-z0-9_]*) VALIDATE CONSTRAINT [a-z_][a-z0-9_]*$/d,
];

/**
 * Returns the statements of a migration without a transaction, each in one line.
 * @param path of the file, for messages
 * @throws Error naming the first statement that is not one of those
 */
export function repeatableStatements(text: string, path: string): string[] {
  const statements = text
    .replace(/--[^\n]*/g, '')
    .split(';')
    .map((statement) => statement.trim().replace(/\s+/g, ' '))
    .filter((statement) => statement !== '');
  const odd = statements.find((statement) => !REPEATABLE.some((form) => form.test(statement)));
  if (odd === undefined) return statements;
  throw new Error(
    `${path}: a migration with "-- transaction: none" has only CREATE INDEX CONCURRENTLY IF NOT EXISTS name ON table, DROP INDEX CONCURRENTLY IF EXISTS name, and ALTER TABLE table VALIDATE CONSTRAINT name, with plain names; move into one of its own: ${odd.slice(0, 80)}`,
  );
}

/** A repeatable statement as it runs in one schema. */
export interface PlacedStatement {
  readonly sql: string;
  /** Name of the index that it creates, without its schema; null for other statements. */
  readonly createdIndex: string | null;
}

/**
 * Returns the statement with its names in this schema, since no search_path outlasts a transaction.
 * @param schema quoted, as SQL wants it
 */
export function placed(statement: string, schema: string): PlacedStatement {
  for (const form of REPEATABLE) {
    const found = form.exec(statement);
    if (!found?.groups || !found.indices?.groups) continue;
    const { index, table } = found.groups;
    // An index lies in its table's schema, so only DROP INDEX names that of the index.
    const name = table ?? index ?? '';
    const [at, end] = found.indices.groups[table === undefined ? 'index' : 'table']!;
    const inSchema = name.startsWith('public.') ? name : `${schema}.${name}`;
    return {
      sql: statement.slice(0, at) + inSchema + statement.slice(end),
      createdIndex: table === undefined ? null : (index ?? null),
    };
  }
  throw new Error(`not a statement of a migration without a transaction: ${statement}`);
}
