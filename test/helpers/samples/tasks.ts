import { queries } from '../../../src/database/queries.js';
import { idOf } from '../staff.js';
import type { Samples } from './sample.js';

export const taskSamples: Samples = {
  '/api/v1/tasks/': {
    body: { title: 'Sample', detail: 'Sample', due_date: '2027-01-01T00:00:00Z', comment: 'Sample' },
    async create(transaction) {
      const [task] = await transaction.query(
        queries
          .insertInto('immigration_task')
          .values({
            title: 'Sample',
            detail: 'Sample',
            due_date: '2027-01-01T00:00:00Z',
            branch_id: 1,
            assigned_by_id: idOf('admin'),
            created_by_id: idOf('admin'),
          })
          .returning('id'),
      );
      return (task as { id: number }).id;
    },
  },
};
