import { FOREIGN_KEYS, type ForeignKey } from '../../database/foreign-keys.js';
import type { Sql } from '../../database/sql.js';
import { KINDS, kindOfTable } from '../../kinds/kinds.js';

/** A kind of record that events' records reference: its table, its name, and further columns. */
export interface Relation {
  readonly table: string;
  /** SQL for its display name. */
  readonly name: Sql<string>;
  /** Its own foreign keys that recipients may use, without `_id`. */
  readonly links: readonly string[];
}

const RECIPIENTS: readonly string[] = [KINDS.user.table, KINDS.branch.table];

/** Returns a foreign key's name in events: without `_id`. */
const fieldOf = ({ column }: ForeignKey) => column.replace(/_id$/, '');

const BY_TABLE: ReadonlyMap<string, Relation> = new Map(
  Object.values(KINDS).flatMap(({ table, name }) => {
    const links = FOREIGN_KEYS.filter((key) => key.table === table && RECIPIENTS.includes(key.references));
    return name === undefined ? [] : [[table, { table, name, links: links.map(fieldOf) }]];
  }),
);

/**
 * Relations by the field that holds the record's id, without `_id`. In templates, `<field>_name` is the record's name.
 */
export const RELATIONS: Readonly<Record<string, Relation>> = Object.fromEntries(
  FOREIGN_KEYS.flatMap((key) => {
    const relation = kindOfTable(key.table) && BY_TABLE.get(key.references);
    return relation && key.column.endsWith('_id') ? [[fieldOf(key), relation]] : [];
  }),
);

/** The fields of RELATIONS that hold a user's id. */
export const USER_FIELDS: ReadonlySet<string> = new Set(
  Object.keys(RELATIONS).filter((field) => RELATIONS[field]?.table === KINDS.user.table),
);
