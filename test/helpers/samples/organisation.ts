import { insert, newName } from './insert.js';
import type { Samples } from './sample.js';

export const organisationSamples: Samples = {
  '/api/v1/branches/': {
    body: { name: 'Sample' },
    create: (transaction, { archived }) =>
      insert(transaction, 'immigration_branch', {
        name: newName(),
        deleted_at: archived ? new Date().toISOString() : null,
      }),
  },
  '/api/v1/regions/': {
    body: { name: 'Sample' },
    create: (transaction) => insert(transaction, 'immigration_region', { name: newName(), description: '' }),
  },
};
