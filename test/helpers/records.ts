import { queries } from '../../src/database/queries.js';
import type { TenantTransaction } from '../../src/database/tenant-transaction.js';
import { idOf } from './staff.js';

/** What the suites that go over all routes need to know of a resource. */
export interface ResourceSample {
  /**
   * Puts a record into the transaction's tenant, with everything that its routes read of it; `archived`: deleted
   * softly, where the resource knows that.
   * @returns its id
   */
  create(transaction: TenantTransaction, options: { readonly archived: boolean }): Promise<number>;
  /** What a POST to the list takes. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** By the path in front of the record's id. A route with an id whose path has no entry here fails the suites. */
export const SAMPLES: Readonly<Record<string, ResourceSample>> = {
  '/api/v1/clients/': {
    body: { first_name: 'Sample', gender: 'FEMALE', country: 'NP' },
    async create(transaction, { archived }) {
      const [client] = await transaction.query(
        queries
          .insertInto('immigration_client')
          .values({
            first_name: 'Sample',
            gender: 'FEMALE',
            country: 'NP',
            deleted_at: archived ? new Date().toISOString() : null,
          })
          .returning('id'),
      );
      const client_id = (client as { id: number }).id;
      await transaction.query(
        queries.insertInto('immigration_clientactivity').values({ client_id, activity_type: 'NOTE_ADDED' }),
      );
      await transaction.query(
        queries.insertInto('immigration_profilepicture').values({
          client_id,
          file: 'profile-pictures/sample.png',
          file_size: 1,
          file_type: 'image/png',
        }),
      );
      return client_id;
    },
  },
  '/api/v1/notifications/': {
    body: { notification_ids: [1] },
    async create(transaction) {
      const [notification] = await transaction.query(
        queries
          .insertInto('immigration_notification')
          .values({ title: 'Sample', assigned_to_id: idOf('admin') })
          .returning('id'),
      );
      return (notification as { id: number }).id;
    },
  },
};

/** The sample of the resource that a path belongs to. */
export function sampleOf(path: string): ResourceSample | undefined {
  const prefix = Object.keys(SAMPLES).find((key) => path.startsWith(key));
  return prefix === undefined ? undefined : SAMPLES[prefix];
}
