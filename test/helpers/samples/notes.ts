import { idOf } from '../staff.js';
import { newClient } from './clients.js';
import { insert } from './insert.js';
import type { Samples } from './sample.js';

export const noteSamples: Samples = {
  '/api/v1/notes/': {
    body: { client: 1, content: 'Sample' },
    create: async (transaction) =>
      insert(transaction, 'immigration_note', {
        client_id: await newClient(transaction),
        author_id: idOf('admin'),
        content: 'Sample',
      }),
  },
};
