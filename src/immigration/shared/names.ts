import { type RawBuilder, sql } from '../../database/queries.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { KINDS } from '../../kinds/kinds.js';
import { KeptNames, keptNames } from './kept-names.js';
import { fullName } from './people.js';

/** What the names of other records are made of, in rows `n`, by what the names are. */
const NAMES = {
  person: { table: sql`immigration_user`, name: fullName('n') },
  username: { table: sql`immigration_user`, name: sql`n.username` },
  branch: nameOfKind('branch'),
  agent: nameOfKind('agent'),
  visaCategory: nameOfKind('visacategory'),
} as const;
export type NameKind = keyof typeof NAMES;

function nameOfKind(model: 'branch' | 'agent' | 'visacategory') {
  const { table, name } = KINDS[model];
  return { table: sql.table(table), name: sql.ref(`n.${name}`) };
}

/**
 * Changes with every change of these names (migrations/tenant/0028_name_version.sql), and with the tenant's tables
 * themselves, should they be made anew.
 */
const VERSION = sql<string>`(
  SELECT concat('name_version'::regclass::oid, ' ', sum(version)) FROM name_version)`;

/** A name that a list shows. */
interface Naming {
  readonly kind: NameKind;
  readonly shown: string;
  /** The row's property that has the record's id. */
  readonly id: string;
}

/**
 * Writes a column that is called `shown`: the name of the record whose id the row's property `id` is. The column of
 * rows `r` has the same name as that property, with `_id` at its end.
 */
export type NameColumn = (kind: NameKind, shown: string, id: string) => RawBuilder<unknown>;

const columnOf = (id: string) => sql.ref(`r.${id.replace(/_id$/, '')}_id`);

const bySubquery: NameColumn = (kind, shown, id) => {
  const { table, name } = NAMES[kind];
  return sql`(SELECT ${name} FROM ${table} n WHERE n.id = ${columnOf(id)}) AS ${sql.ref(shown)}`;
};

type Named = Record<string, unknown>;

/**
 * The API's columns of records that show what other records are called. A list of 25 looked up some hundred names,
 * which was most of PostgreSQL's work for it (bench/names.ts); hence lists take them from memory where that is sure to
 * give what the database would.
 */
export class NamedColumns<Row> {
  /** With the names. */
  readonly whole: RawBuilder<Row>;
  readonly #bare: RawBuilder<Row>;
  readonly #namings: Naming[] = [];

  /** @param columns of rows `r`, with every name written by what it is given */
  constructor(columns: (name: NameColumn) => RawBuilder<Row>) {
    this.whole = columns(bySubquery);
    const bare = columns((kind, shown, id) => {
      this.#namings.push({ kind, shown, id });
      return sql`NULL::text AS ${sql.ref(shown)}`;
    });
    this.#bare = sql<Row>`${bare}, ${VERSION} AS names_version`;
  }

  /** The columns of what `source` (a subquery, or a table's name) yields, with nulls for the names: see `complete`. */
  readonly listed = (source: RawBuilder<unknown>): RawBuilder<Row> =>
    sql<Row>`SELECT ${this.#bare} FROM ${source} r`;

  /**
   * Fills the names into rows that were read with `listed` as the transaction's last statement: from memory where the
   * rows tell that the names are still the same, else by one more round trip.
   */
  async complete(transaction: TenantTransaction, rows: readonly Row[]): Promise<void> {
    const named = rows as readonly Named[];
    const version = named[0]?.names_version;
    if (typeof version !== 'string') return; // there are no rows
    const kept = keptNames(transaction.tenant, version);
    const missing = this.#fill(named, kept);
    if (missing.size === 0) return;
    const read = new KeptNames();
    for (const { kind, id, name, version: then } of await transaction.queryAfterCommit(namesOf(missing))) {
      read.set(kind, id, name);
      // Were they changed in between, these are newer than the rows: they are shown, but not kept for others.
      if (then === version) kept.set(kind, id, name);
    }
    this.#fill(named, read);
  }

  /** Fills in what is known, and tells what is not. */
  #fill(rows: readonly Named[], names: KeptNames): Map<NameKind, Set<number>> {
    const missing = new Map<NameKind, Set<number>>();
    for (const { kind, shown, id: property } of this.#namings) {
      const known = names.of(kind);
      for (const row of rows) {
        const id = row[property] as number | null;
        if (id === null) continue;
        const name = known.get(id);
        if (name !== undefined) row[shown] = name;
        else missing.set(kind, (missing.get(kind) ?? new Set()).add(id));
      }
    }
    return missing;
  }
}

const NAME_KINDS = Object.keys(NAMES) as NameKind[];

/** What these records are called: one statement, so that one version holds for all, and the same for any. */
function namesOf(wanted: ReadonlyMap<NameKind, ReadonlySet<number>>) {
  const parts = NAME_KINDS.map((kind) => {
    const { table, name } = NAMES[kind];
    const ids = [...(wanted.get(kind) ?? [])];
    return sql`
      SELECT ${kind}::text AS kind, n.id, ${name} AS name FROM ${table} n WHERE n.id = ANY (${ids}::bigint[])`;
  });
  return sql<{ version: string; kind: NameKind; id: number; name: string }>`
    SELECT ${VERSION} AS version, found.* FROM (${sql.join(parts, sql` UNION ALL `)}) found`;
}
