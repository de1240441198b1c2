import { createHash } from 'node:crypto';
import { TENANT_COLUMNS, type TenantColumns } from '../../database/generated/columns.js';
import { passingName } from '../../database/passing-name.js';
import { quoteLiteral } from '../../database/schema-name.js';
import { routinesIn, triggersIn } from '../../database/schema-objects.js';
import { EVENTS } from '../config.js';
import type { EventsConfig } from '../types.js';
import { type CapturedOperation, type CaptureFunction, captureFunctions } from './functions.js';

/** A trigger of a capture function; one per table and operation, named after the latter. */
interface CaptureTrigger {
  readonly name: string;
  readonly table: string;
  /** As pg_get_triggerdef prints it, with `{schema}` before the names of table and function. */
  readonly definition: string;
}

/** The functions and triggers that capture the events of a configuration, the same for every tenant. */
export interface Capture {
  readonly functions: readonly CaptureFunction[];
  readonly triggers: readonly CaptureTrigger[];
  /** SQL that installs it in the schema of the search_path, whatever was there before. */
  readonly sql: string;
  /** The same for a new schema, which has none. */
  readonly sqlForNew: string;
  /** SHA-256 of the first SQL, in hexadecimal. */
  readonly checksum: string;
}

// Statement triggers see all rows of a statement at once, so a bulk change is one INSERT. They do not see: TRUNCATE,
// which only the owner may run; sessions of a superuser with session_replication_role = replica; and an UPDATE that
// gives a row another id, to which none of the old rows belongs.
const SEEN: Readonly<Record<CapturedOperation, string>> = {
  INSERT: 'NEW TABLE AS after_change',
  UPDATE: 'OLD TABLE AS before_change NEW TABLE AS after_change',
  DELETE: 'OLD TABLE AS before_change',
};

/**
 * Options of each function. SECURITY DEFINER, since the tenant's role may not write to the queue; hence the fixed
 * search_path. The plan of a connection's first statement is kept for all that follow, be they of one row or of a
 * million: a nested loop over a million would never end, and compiling a plan for one row would take longer than all
 * the rest.
 */
const FUNCTION_OPTIONS =
  'LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET enable_nestloop = off SET jit = off';

/** Returns what captures the events of `config` in tables with these columns. @throws Error for an unknown table */
export function planCapture(columns: TenantColumns, config: EventsConfig): Capture {
  const functions = Object.entries(config.entities).flatMap(([entity, { table }]) => {
    const own = columns[table];
    if (!own) throw new Error(`there is no table ${table}`);
    return captureFunctions(config, entity, own);
  });
  const triggers = functions.map(({ name, table, operation }) => ({
    name: `capture_${operation.toLowerCase()}`,
    table,
    definition: `CREATE TRIGGER capture_${operation.toLowerCase()} AFTER ${operation} ON {schema}${table} REFERENCING ${SEEN[operation]} FOR EACH STATEMENT EXECUTE FUNCTION {schema}${name}()`,
  }));
  const sql = [
    ...functions.map(createFunction),
    replaceTriggers(
      triggers,
      functions.map(({ name }) => name),
    ),
  ].join('\n\n');
  const sqlForNew = [
    ...functions.map(({ name, body }) => createFunction({ name: passingName(name), body })),
    ...triggers.map(({ definition }, i) => {
      const { name } = functions[i]!;
      return `${definition.replace(`{schema}${name}()`, `${passingName(name)}()`).replaceAll('{schema}', '')};`;
    }),
    ...functions.map(({ name }) => `ALTER FUNCTION ${passingName(name)}() RENAME TO ${name};`),
  ].join('\n\n');
  return { functions, triggers, sql, sqlForNew, checksum: createHash('sha256').update(sql).digest('hex') };
}

let shipped: Capture | undefined;

/** Returns the capture of the events in src/events/config.ts. */
export function shippedCapture(): Capture {
  shipped ??= planCapture(TENANT_COLUMNS, EVENTS);
  return shipped;
}

// Firing a trigger requires no privilege on its function; creating one does, and the tenant's role must not create any.
function createFunction({ name, body }: Pick<CaptureFunction, 'name' | 'body'>): string {
  return `CREATE OR REPLACE FUNCTION ${name}() RETURNS trigger
${FUNCTION_OPTIONS} AS $capture$${body}$capture$;
REVOKE EXECUTE ON FUNCTION ${name}() FROM PUBLIC;`;
}

/** Returns SQL that touches only triggers that deviate: creating a trigger locks its table. */
function replaceTriggers(triggers: readonly CaptureTrigger[], functions: readonly string[]): string {
  const list = (texts: readonly string[]) => `ARRAY[${texts.map(quoteLiteral).join(', ')}]::text[]`;
  return `DO $install$
DECLARE
  wanted text[] := ${list(triggers.map(({ definition }) => definition.replaceAll('{schema}', '')))};
  functions text[] := ${list(functions)};
  found record;
  missing text;
BEGIN
  FOR found IN
    SELECT t.tgname, c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE t.oid = ${triggersIn('current_schema()')} AND NOT t.tgisinternal AND starts_with(t.tgname, 'capture_')
      AND (t.tgenabled NOT IN ('O', 'A') OR pg_get_triggerdef(t.oid, true) <> ALL (wanted))
  LOOP
    EXECUTE format('DROP TRIGGER %I ON %I', found.tgname, found.relname);
  END LOOP;
  FOR missing IN
    SELECT definition FROM unnest(wanted) AS w (definition)
    WHERE definition NOT IN (
      SELECT pg_get_triggerdef(t.oid, true) FROM pg_trigger t
      WHERE t.oid = ${triggersIn('current_schema()')} AND starts_with(t.tgname, 'capture_'))
  LOOP
    EXECUTE missing;
  END LOOP;
  FOR found IN
    SELECT proname FROM pg_proc
    WHERE oid = ${routinesIn('current_schema()')} AND starts_with(proname, 'capture_') AND proname <> ALL (functions)
  LOOP
    EXECUTE format('DROP FUNCTION %I()', found.proname);
  END LOOP;
END
$install$;`;
}
