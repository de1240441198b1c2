import { statement } from '../../../src/database/statement.js';
import { insert, newName } from './insert.js';
import type { Samples } from './sample.js';

export const auditSamples: Samples = {
  '/api/v1/audit/': {
    body: {},
    // Nobody writes the log directly: something has to happen.
    async create(transaction) {
      await insert(transaction, 'immigration_region', { name: newName() });
      const [entry] = await transaction.query(
        statement<{ id: number }>('SELECT max(id) AS id FROM audit_entry'),
      );
      return (entry as { id: number }).id;
    },
  },
};
