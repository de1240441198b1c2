import type { NewRow } from '../insert-rows.js';
import { DAY, date, HOUR, type OfficeCalendar, timestamp } from './calendar.js';
import type { Random } from './random.js';
import { lastStep, type StoredStory } from './stories.js';

/** Returns a reminder on a client, of the last weeks or the coming ones. */
export function makeReminder(
  story: StoredStory,
  contentType: number,
  calendar: OfficeCalendar,
  random: Random,
): NewRow<'immigration_reminder'> {
  const days = random.integer(-20, 25);
  const past = days <= 0;
  return {
    title: random.pick([
      'Call back',
      'Ask for the test result',
      'Passport expires soon',
      'Second instalment is due',
    ]),
    reminder_date: date(calendar.now + days * DAY),
    reminder_time: random.chance(0.7) ? `${String(random.integer(9, 16)).padStart(2, '0')}:30:00` : null,
    content_type_id: contentType,
    object_id: story.id,
    created_by_id: (story.consultant ?? story.branch.staff[0]!).id,
    created_at: timestamp(Math.max(lastStep(story), calendar.now - 25 * DAY)),
    // Past ones are completed, so that no notifications of them are sent.
    is_completed: past,
    notification_created: past,
    read: past,
  };
}

/** Returns a consultation with a client, of the last days or the coming ones. */
export function makeAppointment(
  story: StoredStory,
  calendar: OfficeCalendar,
  random: Random,
): NewRow<'immigration_calendar_event'> {
  const by = story.consultant ?? story.branch.staff[0]!;
  const known = lastStep(story);
  const any = calendar.inDays(random.integer(-10, 14));
  const start = halfHour(any > known + DAY ? any : calendar.inDays(random.integer(2, 14)));
  const made = timestamp(Math.max(known, Math.min(start - 2 * DAY, calendar.now - HOUR)));
  return {
    title: `Consultation with ${story.person.first} ${story.person.last}`,
    description: story.row.description!,
    start: timestamp(start),
    end: timestamp(start + random.pick([0.5, 0.75, 1]) * HOUR),
    hex_color: random.pick(['#3788d8', '#2e9e5b', '#d88a37']),
    location: random.chance(0.7) ? story.branch.profile.name : 'Video call',
    assigned_to_id: by.id,
    branch_id: story.branch.id,
    created_by_id: by.id,
    updated_by_id: by.id,
    created_at: made,
    updated_at: made,
  };
}

function halfHour(time: number): number {
  return Math.floor(time / (HOUR / 2)) * (HOUR / 2);
}
