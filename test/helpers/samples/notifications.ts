import { queries } from '../../../src/database/queries.js';
import { idOf } from '../staff.js';
import type { Samples } from './sample.js';

export const notificationSamples: Samples = {
  '/api/v1/notifications/': {
    body: { notification_ids: [1] },
    async create(transaction) {
      const [notification] = await transaction.query(
        queries
          .insertInto('immigration_notification')
          .values({ title: 'Sample', assigned_to_id: idOf('admin') })
          .returning('id'),
      );
      return (notification as { id: number }).id;
    },
  },
};
