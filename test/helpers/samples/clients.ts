import type { TenantTransaction } from '../../../src/database/tenant-transaction.js';
import { insert } from './insert.js';
import type { Samples } from './sample.js';

const CLIENT = { first_name: 'Sample', gender: 'FEMALE', country: 'NP' };

/** Creates a client of no branch, for records that belong to one. */
export const newClient = (transaction: TenantTransaction, archived = false) =>
  insert(transaction, 'immigration_client', {
    ...CLIENT,
    deleted_at: archived ? new Date().toISOString() : null,
  });

export const clientSamples: Samples = {
  // Before clients: the first matching path counts.
  '/api/v1/clients/bulk/': {
    body: { filters: { search: 'nobody of this name' }, assigned_to_id: null, stage: 'CLIENT' },
    create: (transaction) => newClient(transaction),
  },
  '/api/v1/clients/': {
    body: CLIENT,
    async create(transaction, { archived }) {
      const client_id = await newClient(transaction, archived);
      await insert(transaction, 'immigration_clientactivity', { client_id, activity_type: 'NOTE_ADDED' });
      await insert(transaction, 'immigration_profilepicture', {
        client_id,
        file: 'profile-pictures/sample.png',
        file_size: 1,
        file_type: 'image/png',
      });
      return client_id;
    },
  },
};
