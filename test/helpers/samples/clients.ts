import { queries } from '../../../src/database/queries.js';
import type { Samples } from './sample.js';

export const clientSamples: Samples = {
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
};
