import type { TenantTransaction } from '../../../src/database/tenant-transaction.js';

/** What the suites that go over all routes need to know of a resource. */
export interface ResourceSample {
  /**
   * Puts a record into the transaction's tenant, with everything that its routes read of it; `archived`: deleted
   * softly, where the resource knows that.
   * @returns its id, as the resource's paths name it
   */
  create(transaction: TenantTransaction, options: { readonly archived: boolean }): Promise<number>;
  /** What a POST to the list takes. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** Samples by the path in front of the record's id. */
export type Samples = Readonly<Record<string, ResourceSample>>;
