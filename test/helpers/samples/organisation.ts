import { queries } from '../../../src/database/queries.js';
import type { TenantTransaction } from '../../../src/database/tenant-transaction.js';
import type { Samples } from './sample.js';

// Names are unique: the suites make several.
let made = 0;

async function createRegion(transaction: TenantTransaction): Promise<number> {
  const values = { name: `Sample region ${++made}`, description: '' };
  const [region] = await transaction.query(
    queries.insertInto('immigration_region').values(values).returning('id'),
  );
  return (region as { id: number }).id;
}

export const organisationSamples: Samples = {
  '/api/v1/branches/': {
    body: { name: 'Sample' },
    async create(transaction, { archived }) {
      const [branch] = await transaction.query(
        queries
          .insertInto('immigration_branch')
          .values({
            name: `Sample branch ${++made}`,
            deleted_at: archived ? new Date().toISOString() : null,
          })
          .returning('id'),
      );
      return (branch as { id: number }).id;
    },
  },
  '/api/v1/regions/': { body: { name: 'Sample' }, create: createRegion },
};
