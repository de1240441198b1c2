import { insert } from './insert.js';
import type { Samples } from './sample.js';

const EVENT = { title: 'Sample', start: '2026-03-02T09:00:00Z', end: '2026-03-02T10:00:00Z' };
const REMINDER = { title: 'Sample', reminder_date: '2026-03-02', object_id: 1 };
const AGENTS = 2;

export const calendarSamples: Samples = {
  '/api/v1/events/': {
    body: EVENT,
    create: (transaction) => insert(transaction, 'immigration_calendar_event', EVENT),
  },
  '/api/v1/reminders/': {
    body: { ...REMINDER, content_type: AGENTS },
    create: (transaction) =>
      insert(transaction, 'immigration_reminder', { ...REMINDER, content_type_id: AGENTS }),
  },
};
