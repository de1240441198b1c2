import { LIVES_HERE_IF_KNOWN } from '../../database/served-tenants.js';
import { locksFor } from '../agency-needs.js';
import { ok, type ProductionCheck, problem, warning } from '../check.js';

/** Room beyond the tables of now, for agencies to come: below it, a warning. */
const ROOM = 1.25;

interface Facts {
  /** Number of tables and sequences. */
  readonly relations: number;
  readonly agencies: number;
  readonly perTransaction: number;
  /** The number of processes and prepared transactions by which the setting is multiplied. */
  readonly holders: number;
}

/** The table of locks has a place for this many per process of any kind, and per prepared transaction. */
const FACTS = `
  SELECT
    (SELECT count(*)::integer FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'S') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
       AND n.nspname NOT LIKE 'pg\\_t%') AS relations,
    (SELECT count(*)::integer FROM public.tenants_tenant t WHERE ${LIVES_HERE_IF_KNOWN}) AS agencies,
    current_setting('max_locks_per_transaction')::integer AS "perTransaction",
    current_setting('max_connections')::integer + current_setting('max_prepared_transactions')::integer
      + coalesce(current_setting('autovacuum_worker_slots', true), current_setting('autovacuum_max_workers'))::integer
      + current_setting('max_worker_processes')::integer + current_setting('max_wal_senders')::integer AS holders`;

/**
 * Checks that one transaction can lock all tables and sequences, as pg_dump of the whole database does. The number is the one that
 * PostgreSQL guarantees; it has room for more as long as nothing else needs its shared memory.
 */
export const locksCheck: ProductionCheck = {
  name: 'locks',
  async ask(client) {
    const { rows } = await client.query<Facts>(FACTS);
    const { relations, agencies, perTransaction, holders } = rows[0]!;
    const places = perTransaction * holders;
    const text = `${places} locks for ${relations} tables and sequences of ${agencies} agencies (max_locks_per_transaction = ${perTransaction})`;
    if (places >= ROOM * relations) return [ok(text)];
    const advised = locksFor(relations, holders);
    const report = places < relations ? problem : warning;
    return [
      report(
        `PostgreSQL guarantees ${text}; pg_dump of everything locks them all, or fails with "out of shared memory"`,
        `set max_locks_per_transaction = ${advised} and restart PostgreSQL`,
      ),
    ];
  },
};
