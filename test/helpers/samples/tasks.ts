import { idOf } from '../staff.js';
import { insert } from './insert.js';
import type { Samples } from './sample.js';

const TASK = { title: 'Sample', detail: 'Sample', due_date: '2027-01-01T00:00:00Z' };

export const taskSamples: Samples = {
  '/api/v1/tasks/': {
    body: { ...TASK, comment: 'Sample' },
    create: (transaction) =>
      insert(transaction, 'immigration_task', {
        ...TASK,
        branch_id: 1,
        assigned_by_id: idOf('admin'),
        created_by_id: idOf('admin'),
      }),
  },
};
