import type { TenantTransaction } from '../../../src/database/tenant-transaction.js';

/** The data on a resource for the suites that go over all routes. */
export interface ResourceSample {
  /**
   * Creates a record in the transaction's tenant, with everything that its routes read of it; `archived`: soft-deleted,
   * where the resource supports that.
   * @returns its id, as in the resource's paths
   */
  create(transaction: TenantTransaction, options: { readonly archived: boolean }): Promise<number>;
  /** A valid body of a POST to the list. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** Samples by the path before the record's id. */
export type Samples = Readonly<Record<string, ResourceSample>>;
