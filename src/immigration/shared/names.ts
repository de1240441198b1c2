import { type Sql, sql } from '../../database/sql.js';
import type { ReadMore, TenantTransaction } from '../../database/tenant-transaction.js';
import { KINDS } from '../../kinds/kinds.js';
import { bySubquery, type Linked, type ShownField, selectList } from './columns.js';
import { fullName } from './people.js';

/** The SQL for names of other records, in rows `n`, by kind of name. */
const NAMES = {
  person: { table: sql`immigration_user`, value: fullName('n') },
  username: { table: sql`immigration_user`, value: sql<string>`n.username` },
  branch: nameOfKind('branch'),
  agent: nameOfKind('agent'),
  visaCategory: nameOfKind('visacategory'),
} as const;
export type NameKind = keyof typeof NAMES;

function nameOfKind(model: 'branch' | 'agent' | 'visacategory') {
  const { table, name } = KINDS[model];
  return { table: sql.ref(table), value: sql<string>`n.${name}` };
}

/**
 * A version that changes with every change of these names (migrations/tenant/0028_name_version.sql), and with the
 * tenant's tables themselves, should they be recreated.
 */
const VERSION = sql<string>`(
  SELECT concat('name_version'::regclass::oid, ' ', sum(version)) FROM name_version)`;

/**
 * Returns the source for the name of the record that a foreign key of row `r` references: `named('person',
 * 'created_by_id')`.
 */
export function named<Key extends string>(kind: NameKind, key: Key): Named<Key> {
  return { ...NAMES[kind], kind, key };
}

interface Named<Key extends string> extends Linked<Key, string> {
  readonly kind: NameKind;
}

/** Returns the source for the name of the client whose id is in a column of row `r`. */
export function clientName<Key extends string>(key: Key): Linked<Key, string> {
  return { key, table: sql`immigration_client`, value: fullName('n') };
}

/** The names of a record's creator and of its last editor. */
export const STAMP_NAMES = {
  created_by_name: named('person', 'created_by_id'),
  updated_by_name: named('person', 'updated_by_id'),
};

/** A name in a list. */
interface Naming {
  readonly kind: NameKind;
  readonly shown: string;
  /** The row's property with the record's id. */
  readonly id: string;
}

type Values = Record<string, unknown>;

/**
 * The output columns of records that show names of other records. A list of 25 looked up some hundred names, which was
 * most of PostgreSQL's work for it (bench/names.ts); hence lists take them from a cache where it is certain to match
 * the database.
 */
export class NamedColumns<Row> {
  readonly #bare: Sql<Row>;
  readonly #namings: Naming[];

  /** @param fields the fields' sources; the ids of all named records must be among them */
  constructor(fields: readonly ShownField[]) {
    this.#namings = fields.flatMap(({ field: shown, source }) => {
      if (!isNamed(source)) return [];
      const id = fields.find((field) => field.source === source.key)?.field;
      if (id === undefined) throw new Error(`"${shown}" is the name of a record whose id is not shown`);
      return [{ kind: source.kind, shown, id }];
    });
    const bare = selectList<Row>(fields, (linked) =>
      isNamed(linked) ? sql`NULL::text` : bySubquery(linked),
    );
    this.#bare = sql<Row>`${bare}, ${VERSION} AS names_version`;
  }

  /** Returns the columns of `source` (a subquery, or a table's name), with nulls for the names: see `complete`. */
  readonly listed = (source: Sql, rest: Sql = sql``): Sql<Row> =>
    sql<Row>`SELECT ${this.#bare} FROM ${source} r ${rest}`;

  /**
   * Fills the names into rows that were read with `listed`: from the cache if the rows' version shows that it is up to
   * date, else by one more round trip.
   */
  async complete(transaction: TenantTransaction, rows: readonly Row[], readMore: ReadMore): Promise<void> {
    const named = rows as readonly Values[];
    const version = named[0]?.names_version;
    if (typeof version !== 'string') return; // there are no rows
    const kept = keptNames(transaction.tenant, version);
    const missing = this.#fill(named, kept);
    if (missing.size === 0) return;
    const read = new KeptNames();
    for (const { kind, id, name, version: then } of await readMore(namesOf(missing))) {
      read.set(kind, id, name);
      // If they changed in between, these are newer than the rows: they are shown, but not cached.
      if (then === version) kept.set(kind, id, name);
    }
    this.#fill(named, read);
  }

  /** Fills in known names, and returns the missing ones. */
  #fill(rows: readonly Values[], names: KeptNames): Map<NameKind, Set<number>> {
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

function isNamed(source: ShownField['source']): source is Named<string> {
  return typeof source === 'object' && 'kind' in source;
}

/** The kinds of names; the database notes the changes of each. */
export const NAME_KINDS = Object.keys(NAMES) as NameKind[];

/** Returns the query for these records' names: one statement, so that one version holds for all. */
function namesOf(wanted: ReadonlyMap<NameKind, ReadonlySet<number>>) {
  const parts = NAME_KINDS.map((kind) => {
    const { table, value } = NAMES[kind];
    const ids = [...(wanted.get(kind) ?? [])];
    return sql`
      SELECT ${kind}::text AS kind, n.id, ${value} AS name FROM ${table} n WHERE n.id = ANY (${ids}::bigint[])`;
  });
  return sql<{ version: string; kind: NameKind; id: number; name: string }>`
    SELECT ${VERSION} AS version, found.* FROM (${sql.join(parts, sql` UNION ALL `)}) found`;
}

/** Maximum number of names of each kind per tenant: an agency has some hundred people and agents. */
const MOST_NAMES = 5_000;

/** Names of one tenant's records, by kind and id. */
export class KeptNames {
  readonly #kinds = new Map<string, Map<number, string>>();

  /** Returns the known names of a kind, by id. */
  of(kind: string): ReadonlyMap<number, string> {
    return this.#kinds.get(kind) ?? new Map();
  }

  set(kind: string, id: number, name: string): void {
    let names = this.#kinds.get(kind);
    if (!names || names.size >= MOST_NAMES) {
      names = new Map();
      this.#kinds.set(kind, names);
    }
    names.set(id, name);
  }
}

const kept = new WeakMap<object, { readonly version: string; readonly names: KeptNames }>();

/** Returns the tenant's cached names if they are of this version; else an empty cache. */
export function keptNames(tenant: object, version: string): KeptNames {
  const found = kept.get(tenant);
  if (found?.version === version) return found.names;
  const names = new KeptNames();
  kept.set(tenant, { version, names });
  return names;
}
