import type { CurrentUser } from '../../auth/current-user.js';
import { TENANT_COLUMNS } from '../../database/generated/columns.js';
import type { TenantTables } from '../../database/generated/tables.js';
import {
  type Insertable,
  type RawBuilder,
  type Selectable,
  sql,
  type Updateable,
} from '../../database/queries.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { insertInto, updateOf } from '../../database/writes.js';
import { detailError, notFound } from '../../http/errors.js';
import { NamedColumns } from './names.js';
import { nameOf } from './people.js';

/** The columns in which tables keep who made a record and who changed it, and when: some all, some a few. */
type Stamp = 'created_by_id' | 'created_at' | 'updated_by_id' | 'updated_at';
type Table = keyof TenantTables;

export interface RecordsOptions<T extends Table, Row> {
  readonly table: T;
  /** What the API calls one of them: "<Thing> not found". */
  readonly thing: string;
  /** The API's columns, of rows that are called `r`. */
  readonly columns: RawBuilder<Row> | NamedColumns<Row>;
  /** True: deleting sets `deleted_at`, and what is so deleted is not there for anybody. */
  readonly softDelete: boolean;
}

/** `created_by`, `created_by_name` … of rows `r`, for the `columns` of records. */
export const STAMPS = sql`
  r.created_by_id AS created_by, ${nameOf('r.created_by_id')} AS created_by_name, r.created_at,
  r.updated_by_id AS updated_by, ${nameOf('r.updated_by_id')} AS updated_by_name, r.updated_at`;

/**
 * The records of one table, as most resources read and write them. Every change sets who made it and when; the
 * methods that give the API's form of a record end their transaction.
 */
export class Records<T extends Table, Row> {
  readonly #notDeleted: RawBuilder<boolean>;
  readonly #has: (stamp: Stamp) => boolean;
  readonly #columns: RawBuilder<Row>;

  constructor(private readonly options: RecordsOptions<T, Row>) {
    const columns = TENANT_COLUMNS[options.table] ?? [];
    this.#has = (stamp) => columns.some(({ name }) => name === stamp);
    this.#columns = options.columns instanceof NamedColumns ? options.columns.whole : options.columns;
    this.#notDeleted = options.softDelete ? sql`r.deleted_at IS NULL` : sql`true`;
  }

  /** The condition that a row `r` is not softly deleted. */
  get notDeleted(): RawBuilder<boolean> {
    return this.#notDeleted;
  }

  /** The table, as the source of `from`. */
  get table(): RawBuilder<unknown> {
    return sql.table(this.options.table);
  }

  /** The API's form of the rows that `source` (a subquery, or a table's name) yields, as rows `r`. */
  from(source: RawBuilder<unknown> = this.table): RawBuilder<Row> {
    return sql<Row>`SELECT ${this.#columns} FROM ${source} r`;
  }

  /** How many rows `r` of the table meet the condition. */
  counting(condition: RawBuilder<boolean>): RawBuilder<{ count: number }> {
    return sql`SELECT count(*) AS count FROM ${this.table} r WHERE ${condition}`;
  }

  /** One record. @throws HttpError 404 */
  async read(transaction: TenantTransaction, id: number): Promise<Row> {
    const [row] = await transaction.last(
      sql<Row>`${this.from()} WHERE r.id = ${id}::bigint AND ${this.#notDeleted}`,
    );
    if (!row) throw notFound(this.options.thing);
    return row;
  }

  /** A record as it is stored, locked against other changes. @throws HttpError 404 */
  async lock(transaction: TenantTransaction, id: number): Promise<Selectable<TenantTables[T]>> {
    return await this.#locked(transaction, id, sql`FOR NO KEY UPDATE`);
  }

  /** The same for deleting it: locked also against those who are about to refer to it. @throws HttpError 404 */
  async lockToDelete(transaction: TenantTransaction, id: number): Promise<Selectable<TenantTables[T]>> {
    return await this.#locked(transaction, id, sql`FOR UPDATE`);
  }

  async #locked(transaction: TenantTransaction, id: number, lock: RawBuilder<unknown>) {
    const [row] = await transaction.query(sql<Selectable<TenantTables[T]>>`
      SELECT r.* FROM ${this.table} r WHERE r.id = ${id}::bigint AND ${this.#notDeleted} ${lock}`);
    if (!row) throw notFound(this.options.thing);
    return row;
  }

  /** A softly deleted record, locked. @throws HttpError 404 when there is none, or it is not deleted */
  async lockDeleted(transaction: TenantTransaction, id: number): Promise<Selectable<TenantTables[T]>> {
    const [row] = await transaction.query(sql<Selectable<TenantTables[T]>>`
      SELECT r.* FROM ${this.table} r WHERE r.id = ${id}::bigint AND r.deleted_at IS NOT NULL FOR NO KEY UPDATE`);
    if (!row) throw detailError(404, `${this.options.thing} not found or not soft-deleted`);
    return row;
  }

  /** Stores a new record, commits, and gives its API form. */
  async insert(
    transaction: TenantTransaction,
    user: CurrentUser,
    values: Omit<Insertable<TenantTables[T]>, Stamp>,
  ): Promise<Row> {
    const stamped = {
      ...values,
      ...(this.#has('created_by_id') && { created_by_id: user.id }),
      ...(this.#has('updated_by_id') && { updated_by_id: user.id }),
    };
    return await this.#changed(transaction, insertInto(this.options.table, stamped as never));
  }

  /** Changes what is given of a record that the caller has locked, commits, and gives its API form. */
  async update(
    transaction: TenantTransaction,
    user: CurrentUser,
    id: number,
    values: Omit<Updateable<TenantTables[T]>, Stamp>,
  ): Promise<Row> {
    return await this.#changed(transaction, this.#updating(user, id, values));
  }

  /** Deletes a record that the caller has locked, softly where that is this table's way, and commits. */
  async delete(transaction: TenantTransaction, user: CurrentUser, id: number): Promise<void> {
    await transaction.last(
      this.options.softDelete
        ? this.#updating(user, id, { deleted_at: sql`now()` })
        : sql`DELETE FROM ${this.table} WHERE id = ${id}::bigint`,
    );
  }

  /** Brings back a softly deleted record that the caller has locked, commits, and gives its API form. */
  async restore(transaction: TenantTransaction, user: CurrentUser, id: number): Promise<Row> {
    return await this.#changed(transaction, this.#updating(user, id, { deleted_at: null }));
  }

  #updating(user: CurrentUser, id: number, values: object) {
    const stamped = {
      ...values,
      ...(this.#has('updated_by_id') && { updated_by_id: user.id }),
      ...(this.#has('updated_at') && { updated_at: sql`now()` }),
    };
    return sql`${updateOf(this.options.table, stamped as never)} WHERE id = ${id}::bigint`;
  }

  /** Changes one record, commits, and gives the API's form of it. */
  async #changed(transaction: TenantTransaction, change: RawBuilder<unknown>): Promise<Row> {
    const [row] = await transaction.last(
      sql<Row>`WITH changed AS (${change} RETURNING *) ${this.from(sql`changed`)}`,
    );
    if (!row) throw new Error(`a change of ${this.options.table} returned no row`);
    return row;
  }
}
