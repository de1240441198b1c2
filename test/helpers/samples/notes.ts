import { queries } from '../../../src/database/queries.js';
import { idOf } from '../staff.js';
import type { Samples } from './sample.js';

export const noteSamples: Samples = {
  '/api/v1/notes/': {
    body: { client: 1, content: 'Sample' },
    async create(transaction) {
      const [client] = await transaction.query(
        queries
          .insertInto('immigration_client')
          .values({ first_name: 'Sample', gender: 'FEMALE', country: 'NP' })
          .returning('id'),
      );
      const [note] = await transaction.query(
        queries
          .insertInto('immigration_note')
          .values({
            client_id: (client as { id: number }).id,
            author_id: idOf('admin'),
            content: 'Sample',
          })
          .returning('id'),
      );
      return (note as { id: number }).id;
    },
  },
};
