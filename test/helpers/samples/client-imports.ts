import { sql } from '../../../src/database/sql.js';
import { idOf } from '../staff.js';
import type { Samples } from './sample.js';

export const clientImportSamples: Samples = {
  '/api/v1/client-imports/': {
    body: { duplicates: 'skip' },
    async create(transaction) {
      const [made] = await transaction.query(sql<{ id: number }>`
        INSERT INTO client_import (filename, headers, samples, fields, row_count, created_by_id)
        VALUES ('sample.csv', '["First name", "Email"]', '[["Sample"], []]', '["first_name", "email"]', 1, ${idOf('admin')})
        RETURNING id`);
      const { id } = made as { id: number };
      await transaction.query(sql`
        INSERT INTO client_import_part (import_id, number, content) VALUES (${id}, 0, '[[2, "Sample", ""]]')`);
      await transaction.query(sql`
        INSERT INTO client_import_row (import_id, row_number, outcome, problems)
        VALUES (${id}, 2, 'FAILED', '{"gender": ["This field is required."]}')`);
      return id;
    },
  },
};
