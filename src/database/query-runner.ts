import type { Statement } from './statement.js';
import type { MaybePending, StandbyRead, TenantContext, TenantTransaction } from './tenant-transaction.js';

/** Runs single statements on schema `public`; see `Database`. */
export interface PublicQueries {
  publicQuery<Row>(query: Statement<Row>): Promise<Row[]>;
}

/** The work of a tenant's transaction. */
export type TransactionWork<T> = (transaction: TenantTransaction) => MaybePending<T>;

/** Runs transactions on a standby; see `Database`. */
export interface StandbyTransactions extends PublicQueries {
  tenantTransaction<T>(context: TenantContext, work: TransactionWork<T>, standby: StandbyRead): Promise<T>;
  close(): Promise<void>;
}
