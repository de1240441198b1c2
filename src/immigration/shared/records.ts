import type { CurrentUser } from '../../auth/current-user.js';
import { TENANT_COLUMNS } from '../../database/generated/columns.js';
import type { TenantTables } from '../../database/generated/tables.js';
import { firstOr, Pending } from '../../database/pending.js';
import { type Sql, sql } from '../../database/sql.js';
import type { Insertable, Updateable } from '../../database/table-types.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { insertInto, updateOf } from '../../database/writes.js';
import { detailError, notFound } from '../../http/errors.js';
import { kindOfTable } from '../../kinds/kinds.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import {
  type Columns,
  type OutputSchema,
  type ShownField,
  type Stored,
  selectList,
  shownFields,
  type Table,
  wrap,
} from './columns.js';
import { MOST_COUNTED, type PageRows, pageOf, pageRows } from './page-of.js';

/** The columns for a record's creator, last editor and their times; tables have some or all of them. */
type Stamp = 'created_by_id' | 'created_at' | 'updated_by_id' | 'updated_at';

export interface RecordsOptions<T extends Table, Row> {
  readonly table: T;
  /** The API's word for one record, where the table belongs to no kind: "<Thing> not found". */
  readonly thing?: string;
  /** The schema of the output. */
  readonly output: OutputSchema<Row>;
  /** The columns of output fields that do not have the column's name. */
  readonly columns: Columns<T, Row>;
}

/** Returns the API's word for a record of this table. @throws Error if the table belongs to no kind */
export function thingOf(table: Table): string {
  const kind = kindOfTable(table);
  if (!kind) throw new Error(`${table} is the table of no kind: say what one of its records is called`);
  return kind.thing;
}

/** Row locks: against other changes, and also against new references to the record. */
const FOR_CHANGE = sql`FOR NO KEY UPDATE`;
const FOR_DELETION = sql`FOR UPDATE`;

/** The records of one table, as most resources read and write them. Every change records its user and time. */
export class Records<T extends Table, Row> {
  /** The API's word for one record. */
  readonly #thing: string;
  /** Whether deleting sets `deleted_at`; soft-deleted records do not exist for anybody. */
  readonly #softDelete: boolean;
  readonly #notDeleted: Sql<boolean>;
  readonly #has: (stamp: Stamp) => boolean;
  readonly #columns: Sql<Row>;
  /** The output fields with their sources. */
  readonly fields: readonly ShownField[];

  constructor(private readonly options: RecordsOptions<T, Row>) {
    const columns = TENANT_COLUMNS[options.table] ?? [];
    this.#has = (stamp) => columns.some(({ name }) => name === stamp);
    this.fields = shownFields(options.table, options.output, options.columns);
    this.#columns = selectList(this.fields);
    this.#thing = options.thing ?? thingOf(options.table);
    this.#softDelete = columns.some(({ name }) => name === 'deleted_at');
    this.#notDeleted = this.#softDelete ? sql`r.deleted_at IS NULL` : sql`true`;
  }

  /** The condition that a row `r` is not softly deleted. */
  get notDeleted(): Sql<boolean> {
    return this.#notDeleted;
  }

  /** The table, as the source of `from`. */
  get table(): Sql {
    return sql.ref(this.options.table);
  }

  /**
   * Returns the query for the output of the table's rows `r`.
   * @param rest what follows the table: JOIN, WHERE, ORDER BY
   */
  select(rest: Sql): Sql<Row> {
    return this.from(this.table, rest);
  }

  /** Returns the query that makes a change, for the output of the rows that it returns. */
  changed(writing: Sql): Sql<Row> {
    return wrap(this.from(sql`changed`), (rows) => sql`WITH changed AS (${writing}) ${rows}`);
  }

  /** Returns the query for the output of the rows `r` of a subquery. */
  from(source: Sql, rest: Sql = sql``): Sql<Row> {
    return sql<Row>`SELECT ${this.#columns} FROM ${source} r ${rest}`;
  }

  /** Reads a page of the rows `r` that meet the condition, in this order. */
  async list(
    transaction: TenantTransaction,
    page: PageRequest,
    condition: Sql<boolean>,
    order: Sql,
  ): Promise<Pending<PageOf<Row>>> {
    return await pageOf(transaction, this.counting(condition), this.#paged(condition, order), page);
  }

  /** Reads a page as `list` does, of the first MOST_COUNTED rows: further ones are neither counted nor shown. */
  async listFirst(
    transaction: TenantTransaction,
    page: PageRequest,
    condition: Sql<boolean>,
    order: Sql,
  ): Promise<Pending<PageOf<Row>>> {
    if (page.page !== 'last' && (page.page - 1) * page.size >= MOST_COUNTED) {
      return new Pending(() => ({ count: MOST_COUNTED, items: [] }));
    }
    const found = sql`WHERE ${condition} ORDER BY ${order}`;
    const counting = sql<{ count: number }>`
      SELECT count(*) AS count FROM (SELECT FROM ${this.table} r ${found} LIMIT ${sql.lit(MOST_COUNTED)}) r`;
    return await pageOf(transaction, counting, this.#paged(condition, order), page);
  }

  #paged(condition: Sql<boolean>, order: Sql): PageRows<Row> {
    return pageRows((rest) => this.select(rest), this.table, condition, order);
  }

  /** Returns the query that counts the table's rows `r` that meet the condition. */
  counting(condition: Sql<boolean>): Sql<{ count: number }> {
    return sql`SELECT count(*) AS count FROM ${this.table} r WHERE ${condition}`;
  }

  /** Reads one record that meets the condition. @throws HttpError 404 */
  read(transaction: TenantTransaction, id: number, condition: Sql<boolean> = this.#notDeleted): Pending<Row> {
    const rows = transaction.send(this.select(sql`WHERE r.id = ${id}::bigint AND ${condition}`));
    return rows.map(firstOr(() => notFound(this.#thing)));
  }

  /** Returns the query that locks a record and yields it as stored. */
  locking(id: number, strength = FOR_CHANGE): Sql<Stored<T>> {
    return sql`SELECT r.* FROM ${this.table} r WHERE r.id = ${id}::bigint AND ${this.#notDeleted} ${strength}`;
  }

  /** Returns the stored record, locked against other changes. @throws HttpError 404 */
  async lock(transaction: TenantTransaction, id: number, strength = FOR_CHANGE): Promise<Stored<T>> {
    const [row] = await transaction.query(this.locking(id, strength));
    if (!row) throw notFound(this.#thing);
    return row;
  }

  /** Returns the stored record, locked for deletion: also against new references to it. @throws HttpError 404 */
  lockToDelete(transaction: TenantTransaction, id: number): Promise<Stored<T>> {
    return this.lock(transaction, id, FOR_DELETION);
  }

  /** Returns a softly deleted record, locked. @throws HttpError 404 when there is none, or it is not deleted */
  async lockDeleted(transaction: TenantTransaction, id: number): Promise<Stored<T>> {
    const [row] = await transaction.query(sql<Stored<T>>`
      SELECT r.* FROM ${this.table} r WHERE r.id = ${id}::bigint AND r.deleted_at IS NOT NULL FOR NO KEY UPDATE`);
    if (!row) throw detailError(404, `${this.#thing} not found or not soft-deleted`);
    return row;
  }

  /** Stores a new record, and returns its output. */
  insert(
    transaction: TenantTransaction,
    user: CurrentUser,
    values: Omit<Insertable<TenantTables[T]>, Stamp>,
  ): Pending<Row> {
    const stamped = {
      ...values,
      ...(this.#has('created_by_id') && { created_by_id: user.id }),
      ...(this.#has('updated_by_id') && { updated_by_id: user.id }),
    };
    return this.#changed(transaction, insertInto(this.options.table, stamped as never));
  }

  /** Changes the given fields of a record that the caller has locked, and returns its output. */
  update(
    transaction: TenantTransaction,
    user: CurrentUser,
    id: number,
    values: Omit<Updateable<TenantTables[T]>, Stamp>,
  ): Pending<Row> {
    return this.#changed(transaction, this.#updating(user, id, values));
  }

  /** Deletes a record that the caller has locked, softly if this table supports that. */
  delete(transaction: TenantTransaction, user: CurrentUser, id: number): void {
    transaction.send(
      this.#softDelete
        ? this.#updating(user, id, { deleted_at: sql`now()` })
        : sql`DELETE FROM ${this.table} WHERE id = ${id}::bigint`,
    );
  }

  /** Restores a soft-deleted record that the caller has locked, and returns its output. */
  restore(transaction: TenantTransaction, user: CurrentUser, id: number): Pending<Row> {
    return this.#changed(transaction, this.#updating(user, id, { deleted_at: null }));
  }

  #updating(user: CurrentUser, id: number, values: object) {
    const stamped = {
      ...values,
      ...(this.#has('updated_by_id') && { updated_by_id: user.id }),
      ...(this.#has('updated_at') && { updated_at: sql`now()` }),
    };
    return sql`${updateOf(this.options.table, stamped as never)} WHERE id = ${id}::bigint`;
  }

  /** Changes one record, and returns its output. */
  #changed(transaction: TenantTransaction, change: Sql): Pending<Row> {
    return transaction
      .send(this.changed(sql`${change} RETURNING *`))
      .map(firstOr(() => new Error(`a change of ${this.options.table} returned no row`)));
  }
}
