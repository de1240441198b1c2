import { queries } from '../../../src/database/queries.js';
import type { Samples } from './sample.js';

const idOf = (rows: readonly { id: number }[]) => (rows[0] as { id: number }).id;

export const calendarSamples: Samples = {
  '/api/v1/events/': {
    body: { title: 'Sample', start: '2026-03-02T09:00:00Z', end: '2026-03-02T10:00:00Z' },
    async create(transaction) {
      return idOf(
        await transaction.query(
          queries
            .insertInto('immigration_calendar_event')
            .values({ title: 'Sample', start: '2026-03-02T09:00:00Z', end: '2026-03-02T10:00:00Z' })
            .returning('id'),
        ),
      );
    },
  },
  '/api/v1/reminders/': {
    // 2 is the content type of agents.
    body: { title: 'Sample', reminder_date: '2026-03-02', content_type: 2, object_id: 1 },
    async create(transaction) {
      return idOf(
        await transaction.query(
          queries
            .insertInto('immigration_reminder')
            .values({ title: 'Sample', reminder_date: '2026-03-02', content_type_id: 2, object_id: 1 })
            .returning('id'),
        ),
      );
    },
  },
};
