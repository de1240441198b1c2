import type { CurrentUser } from '../../auth/current-user.js';
import { scopeOf } from '../../auth/scope.js';
import { allOf } from '../../database/conditions.js';
import type { TenantTables } from '../../database/generated/tables.js';
import { type Sql, sql } from '../../database/sql.js';
import type { Insertable, Selectable, Updateable } from '../../database/table-types.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { notFound } from '../../http/errors.js';
import type { LateInput } from '../../http/fields/body.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import { requires } from '../../routing/policy.js';
import { type ClientBranch, checkClientScope, clientInScope, requireClient } from './client-access.js';
import type { Columns, OutputSchema, Stored } from './columns.js';
import { checkDateOrder } from './date-order.js';
import { idFilter } from './filters.js';
import { Records, thingOf } from './records.js';
import type { ResourcePolicy } from './resource-policy.js';

/**
 * The policies of a client's records: whoever sees the client may see them; whoever may change the client may write
 * them.
 */
export const clientRecordPolicy: ResourcePolicy = {
  see: requires('view_client'),
  create: requires('change_client'),
  change: requires('change_client'),
  remove: requires('change_client'),
  restore: requires('change_client'),
};

type Stamps = 'created_by_id' | 'created_at' | 'updated_by_id' | 'updated_at';
type ClientTable = {
  [T in keyof TenantTables]: Selectable<TenantTables[T]> extends { id: number; client_id: number }
    ? T
    : never;
}[keyof TenantTables];
type NewValues<T extends ClientTable> = Omit<Insertable<TenantTables[T]>, Stamps> & { client_id: number };
type Values<T extends ClientTable> = Omit<Updateable<TenantTables[T]>, Stamps> & { client_id?: number };

export interface ClientRecordsOptions<T extends ClientTable, Row> {
  readonly table: T;
  /** The name of the client in filters and bodies; `client_id` by default. */
  readonly clientField?: string;
  /** The API's form of one of them. */
  readonly output: OutputSchema<Row>;
  /** The columns of output fields that do not have the column's name. */
  readonly columns: Columns<T, Row>;
  /** The column by which they are sorted, the latest first and null before them: `r.end_date`. */
  readonly latest: string;
  /** Two dates of which the second may not be before the first. */
  readonly period?: readonly [start: keyof Stored<T> & string, end: keyof Stored<T> & string];
}

/**
 * The records of one table that belong to clients by their `client_id`: their scope is that of their client, and they
 * are invisible while it is archived.
 */
export class ClientRecords<T extends ClientTable, Row> {
  readonly #records: Records<T, Row>;
  readonly #clientField: string;
  readonly #latestFirst: Sql;

  constructor(private readonly options: ClientRecordsOptions<T, Row>) {
    this.#records = new Records(options);
    this.#latestFirst = sql`${sql.ref(options.latest)} DESC, r.id DESC`;
    this.#clientField = options.clientField ?? 'client_id';
  }

  /**
   * Returns a page of the records in scope; of one client on request.
   * @param conditions further conditions on rows `r`
   * @throws HttpError 400 for a client's id that is no number
   */
  async list(
    transaction: TenantTransaction,
    user: CurrentUser,
    query: QueryParameters,
    page: PageRequest,
    conditions: readonly (Sql<boolean> | undefined)[] = [],
  ): Promise<Pending<PageOf<Row>>> {
    const asked = allOf([
      idFilter(query, this.#clientField, 'r.client_id'),
      clientInScope(scopeOf(user), 'r.client_id'),
      ...conditions,
    ]);
    return await this.#records.list(transaction, page, asked, this.#latestFirst);
  }

  /** Reads one record. @throws HttpError 404; 403 when its client is out of scope */
  read(transaction: TenantTransaction, user: CurrentUser, id: number): Pending<Row> {
    const reading = this.#records.read(transaction, id).and(transaction.send(this.#clientOf(id)));
    return reading.map(([row, [client]]) => {
      this.#check(user, client);
      return row;
    });
  }

  /** Stores a new record. @throws HttpError 400 for an unknown client, or dates in the wrong order; 403 */
  async create(
    transaction: TenantTransaction,
    user: CurrentUser,
    input: NewValues<T>,
  ): Promise<Pending<Row>> {
    await this.checkNew(transaction, user, input);
    return this.insert(transaction, user, input);
  }

  /** Checks a new record: the first half of `create`. @throws HttpError 400, 403 */
  async checkNew(transaction: TenantTransaction, user: CurrentUser, input: NewValues<T>): Promise<void> {
    this.#checkPeriod(input);
    await requireClient(transaction, user, input.client_id, this.#clientField);
  }

  /** Inserts a checked record: the second half of `create`. */
  insert(transaction: TenantTransaction, user: CurrentUser, input: NewValues<T>): Pending<Row> {
    return this.#records.insert(transaction, user, input);
  }

  /**
   * Returns the stored record, locked against other changes, its client locked against deletion.
   * @throws HttpError 404; 403 when its client is out of scope
   */
  async lock(transaction: TenantTransaction, user: CurrentUser, id: number): Promise<Stored<T>> {
    const locking = this.#records.lock(transaction, id);
    // Sent together, but evaluated once the lock is held: by then the record may belong to another client.
    const finding = transaction.query(sql<ClientBranch>`${this.#clientOf(id)} FOR KEY SHARE`);
    const [stored, [client]] = await Promise.all([locking, finding]);
    this.#check(user, client);
    return stored;
  }

  /** Locks a record and changes the given fields. @throws HttpError 404, 403, 400 */
  async change(
    transaction: TenantTransaction,
    user: CurrentUser,
    id: number,
    body: LateInput<Values<T>>,
  ): Promise<Pending<Row>> {
    const stored = await this.lock(transaction, user, id);
    return await this.update(transaction, user, stored, body.read());
  }

  /** Changes the given fields of a record that `lock` returned. @throws HttpError 400, 403 */
  async update(
    transaction: TenantTransaction,
    user: CurrentUser,
    stored: Stored<T>,
    input: Values<T>,
  ): Promise<Pending<Row>> {
    await this.checkChange(transaction, user, stored, input);
    return this.store(transaction, user, stored, input);
  }

  /** Checks a change: the first half of `update`. @throws HttpError 400, 403 */
  async checkChange(
    transaction: TenantTransaction,
    user: CurrentUser,
    stored: Stored<T>,
    input: Values<T>,
  ): Promise<void> {
    this.#checkPeriod({ ...stored, ...input });
    const { client_id: before } = stored as { client_id: number };
    if (input.client_id !== undefined && input.client_id !== before) {
      await requireClient(transaction, user, input.client_id, this.#clientField);
    }
  }

  /** Stores a checked change: the second half of `update`. */
  store(
    transaction: TenantTransaction,
    user: CurrentUser,
    stored: Stored<T>,
    input: Values<T>,
  ): Pending<Row> {
    return this.#records.update(transaction, user, (stored as { id: number }).id, input);
  }

  /** Deletes one record. @throws HttpError 404, 403 */
  async delete(transaction: TenantTransaction, user: CurrentUser, id: number): Promise<void> {
    await this.lock(transaction, user, id);
    this.#records.delete(transaction, user, id);
  }

  #clientOf(id: number): Sql<ClientBranch> {
    return sql`
      SELECT c.id, c.branch_id AS branch FROM immigration_client c
      WHERE c.id = (SELECT r.client_id FROM ${this.#records.table} r WHERE r.id = ${id}::bigint) AND c.deleted_at IS NULL`;
  }

  #check(user: CurrentUser, client: ClientBranch | undefined): void {
    if (!client) throw notFound(thingOf(this.options.table));
    checkClientScope(user, client);
  }

  #checkPeriod(record: object): void {
    if (this.options.period) checkDateOrder(record as Record<string, unknown>, ...this.options.period);
  }
}
