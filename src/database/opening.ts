import type { Outgoing } from './session.js';
import { TIMEOUTS } from './timeouts.js';

/**
 * The settings on which the program's statements, and the parsing of their results, depend. A connection may come with
 * other values: a pooler passes on those of another program, and the database or the role may have its own.
 */
const DEPENDED_ON: Readonly<Record<string, string>> = {
  timezone: 'UTC',
  datestyle: 'ISO, MDY',
  intervalstyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
  client_encoding: 'UTF8',
  standard_conforming_strings: 'on',
  transform_null_equals: 'off',
  array_nulls: 'on',
  row_security: 'on',
  gin_fuzzy_search_limit: '0',
};

/** The oldest PostgreSQL with a time limit for whole transactions. */
const TRANSACTION_TIMEOUT_FROM = 17;

const setTo = (name: string, value: string) => `pg_catalog.set_config('${name}', ${value}, true)`;

/** Resets a setting to the default of the database or the role (NULL means that). */
const reset = (name: string) => setTo(name, 'NULL');

/**
 * Sets the role's own limit or, if it has none, the program's: only an owner who may alter the role can give it one.
 */
const limited = ([name, limit]: [string, string]) =>
  setTo(name, `coalesce(nullif(${reset(name)}, '0'), '${limit}')`);

const PARTS = [
  setTo('role', '$1'),
  setTo('search_path', '$2'),
  setTo('leopard.user_id', '$3'),
  setTo('leopard.source', '$4'),
  ...Object.entries(DEPENDED_ON).map(([name, value]) => setTo(name, `'${value}'`)),
  ...Object.entries(TIMEOUTS).map(limited),
];

/** Switches the limit off first, since one that is running cannot be extended. */
const NO_OTHER_LIMIT = [setTo('transaction_timeout', "'0'"), reset('transaction_timeout')];

/** Puts all settings into one column, since nobody reads the results. */
const all = (parts: readonly string[]) =>
  `SELECT pg_catalog.length(pg_catalog.concat(\n  ${parts.join(',\n  ')}))`;

const OPENING = all(PARTS);
const OPENING_FROM_17 = all([...NO_OTHER_LIMIT, ...PARTS]);

/** BEGIN with explicit modes, since the session may have other defaults, such as read-only. */
export const BEGIN: Outgoing = {
  schema: null,
  sql: 'BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE',
  values: [],
};

/** The same on a server that takes no changes. */
export const BEGIN_READING: Outgoing = {
  schema: null,
  sql: 'BEGIN ISOLATION LEVEL READ COMMITTED, READ ONLY',
  values: [],
};

/** Removes a time limit left on the connection, for a transaction whose opening has run into it. */
export const NO_LIMIT: Outgoing = { schema: null, sql: 'SET LOCAL statement_timeout TO 0', values: [] };

/** The identity under which a transaction runs, and its search path. */
export interface Actor {
  /** `none` for the program's own role. */
  readonly role: string;
  readonly searchPath: string;
  /** Empty for the system. */
  readonly userId: string;
  readonly source: string;
}

/**
 * Returns the statement after BEGIN with all settings that a transaction depends on. They end with the transaction:
 * behind a pooler, others would leak to the next tenant. It is sent together with the first statement, since a separate
 * round trip cost a fifth to a third of the throughput.
 * @param version the server's, such as 17
 */
export function openingFor({ role, searchPath, userId, source }: Actor, version: number): Outgoing {
  const sql = version >= TRANSACTION_TIMEOUT_FROM ? OPENING_FROM_17 : OPENING;
  return { schema: null, sql, values: [role, searchPath, userId, source] };
}

/** Settings for the owner's statements: no tenant's schema by default, and no time limits. */
const OWNERS = {
  ...DEPENDED_ON,
  search_path: 'public, pg_temp',
  statement_timeout: '0',
  idle_in_transaction_session_timeout: '0',
};

/** Session defaults that match what BEGIN states explicitly. */
const USUAL_TRANSACTIONS = {
  default_transaction_isolation: 'read committed',
  default_transaction_read_only: 'off',
  default_transaction_deferrable: 'off',
};

const OWNERS_OPENING = `
  SELECT ${[reset('role'), reset('lock_timeout'), ...Object.entries(OWNERS).map(([name, value]) => setTo(name, `'${value}'`))].join(',\n  ')}`;

/** Begins a transaction of the owner, with all settings that its statements depend on. */
export const OWNERS_BEGIN = `${BEGIN.sql};${OWNERS_OPENING}`;

/**
 * Returns the same for a transaction that only reads, and sees one state of the database throughout. The first query, which
 * the settings are, chooses that state: the tables are locked before it.
 * @param tables names, quoted
 */
export function ownersSnapshot(tables: readonly string[]): string {
  const lock = tables.length > 0 ? ` LOCK TABLE ${tables.join(', ')} IN ACCESS SHARE MODE;` : '';
  return `BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;${lock}${OWNERS_OPENING}`;
}

/**
 * Applies the same settings to the owner's whole session, given the process id of its backend as sent at connecting.
 * Behind a pooler that id is not the backend's, and nothing is set, since the settings would stay there for others.
 */
export const OWNERS_SESSION = `
  SELECT ${Object.entries({ ...OWNERS, ...USUAL_TRANSACTIONS })
    .map(([name, value]) => `pg_catalog.set_config('${name}', '${value}', false)`)
    .join(',\n  ')}
  WHERE pg_catalog.pg_backend_pid() = $1`;
