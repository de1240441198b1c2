const TENANT_SCHEMA = /^tenant_[a-z][a-z0-9_]{0,55}$/;

/**
 * Checks that a text names a tenant's schema: `tenant_` and 1 to 56 lower-case letters, digits or underscores.
 * @returns the name itself
 * @throws InvalidSchemaNameError for any other text
 */
export function checkSchemaName(name: string): string {
  if (!TENANT_SCHEMA.test(name)) throw new InvalidSchemaNameError(name);
  return name;
}

/** Thrown for a text that names no tenant's schema. */
class InvalidSchemaNameError extends Error {
  constructor(name: string) {
    super(
      `"${name.slice(0, 80)}" is not the schema of a tenant: tenant_ and 1 to 56 small letters, digits or _, ` +
        'beginning with a letter',
    );
    this.name = 'InvalidSchemaNameError';
  }
}

/**
 * Quotes an identifier for SQL text.
 * @example quoteIdentifier('tenant_main') // '"tenant_main"'
 * @throws Error for a text that PostgreSQL cannot hold as a name: empty, or with a NUL byte
 */
export function quoteIdentifier(name: string): string {
  if (name === '' || name.includes('\0')) throw new Error('not a name that PostgreSQL can hold');
  return `"${name.replaceAll('"', '""')}"`;
}

/** Quotes the name of a table with its schema for SQL text. */
export function qualified(schema: string, table: string): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;
}

/** Quotes names of columns for SQL text, as a list; `of` is the alias of their table, if any. */
export function quotedList(names: readonly string[], of?: string): string {
  const prefix = of === undefined ? '' : `${quoteIdentifier(of)}.`;
  return names.map((name) => prefix + quoteIdentifier(name)).join(', ');
}

/** Quotes the names of tables of one schema for SQL text, as a list. */
export function qualifiedList(schema: string, tables: readonly string[]): string {
  return tables.map((table) => qualified(schema, table)).join(', ');
}

const TYPE = /^[a-z][a-z0-9_ ]*(?:\(\d+(?:,\d+)?\))?(?: with(?:out)? time zone)?$/;

/**
 * Returns SQL for parameters that are arrays of values as text, from `$1` on, one for each of these types.
 * @throws Error for what is no name of a type that PostgreSQL ships
 */
export function arrayParameters(types: readonly string[]): string {
  const other = types.find((type) => !TYPE.test(type));
  if (other !== undefined) throw new Error(`${JSON.stringify(other)} is no type of a key`);
  return types.map((type, index) => `$${index + 1}::text[]::${type}[]`).join(', ');
}

/**
 * Quotes a literal for SQL text. Only for statements that take no parameters, such as CREATE ROLE.
 * @throws Error for a text with a NUL byte
 */
export function quoteLiteral(text: string): string {
  if (text.includes('\0')) throw new Error('a text with a NUL byte cannot stand in SQL');
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}
