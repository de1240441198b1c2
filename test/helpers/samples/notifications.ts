import { idOf } from '../staff.js';
import { insert } from './insert.js';
import type { Samples } from './sample.js';

export const notificationSamples: Samples = {
  '/api/v1/notifications/': {
    body: { notification_ids: [1] },
    create: (transaction) =>
      insert(transaction, 'immigration_notification', { title: 'Sample', assigned_to_id: idOf('admin') }),
  },
};
