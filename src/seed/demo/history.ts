import type { JsonValue } from '../../database/generated/tables.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { insertRows, type NewRow } from '../insert-rows.js';
import { type OfficeCalendar, timestamp } from './calendar.js';
import { TEXTS } from './data.js';
import type { StaffMember } from './offices.js';
import type { Random } from './random.js';
import type { Stage, StoredStory } from './stories.js';

export type Activity = NewRow<'immigration_clientactivity'>;

type RecordRow = Readonly<Record<string, unknown>>;

/**
 * Returns a timeline entry's metadata as events leave it: the record's state without keys and times, and the actor and
 * action.
 */
export function metadata(
  row: RecordRow,
  performedBy: StaffMember | null,
  extra: Readonly<Record<string, JsonValue>>,
): JsonValue {
  const state: Record<string, JsonValue> = {};
  for (const [column, value] of Object.entries(row)) {
    if (['id', 'created_at', 'updated_at', 'deleted_at'].includes(column)) continue;
    const relation =
      column.endsWith('_id') && !['content_type_id', 'object_id', 'student_id'].includes(column);
    state[relation ? column.slice(0, -'_id'.length) : column] = value as JsonValue;
  }
  return {
    ...state,
    changed_fields: [],
    ...(performedBy ? { performed_by_id: performedBy.id } : {}),
    ...extra,
  };
}

/** Returns the timeline entries that the clients' own stories leave: assigned, moved to another stage, archived. */
export function clientActivities(stories: readonly StoredStory[]): Activity[] {
  return stories.flatMap((story) => {
    const { id, row, consultant, changes, archivedAt, branch } = story;
    const by = consultant ?? branch.staff[0]!;
    const client = { ...row, passport: null, profile_picture: null };
    const entry = (
      activity_type: string,
      description: string,
      at: number,
      state: RecordRow,
      extra: Record<string, JsonValue>,
    ) => ({
      activity_type,
      description,
      metadata: metadata(state, by, extra),
      created_at: timestamp(at),
      client_id: id,
      performed_by_id: by.id,
    });
    const entries: Activity[] = [];
    if (consultant) {
      const state = { ...client, stage: 'LEAD' };
      const extra = { changed_fields: ['assigned_to'], assigned_to_id: consultant.id };
      entries.push(
        entry('ASSIGNED', `Client assigned to ${consultant.fullName}`, story.assignedAt, state, extra),
      );
    }
    for (const { from, to, at } of changes) {
      const text = `Client converted to ${to} from ${from}`;
      entries.push(entry('STAGE_CHANGED', text, at, { ...client, stage: to }, { changed_fields: ['stage'] }));
    }
    if (archivedAt !== null) {
      const name = `${row.first_name} ${row.last_name}`;
      entries.push(entry('CLIENT_DELETED', `Client ${name} was archived`, archivedAt, client, {}));
    }
    return entries;
  });
}

/** Stores the notes of staff on each step, and returns their timeline entries. */
export async function fillNotes(
  transaction: TenantTransaction,
  stories: readonly StoredStory[],
  calendar: OfficeCalendar,
  random: Random,
): Promise<Activity[]> {
  const notes = stories.flatMap((story) => {
    const author = story.consultant ?? story.branch.staff[0]!;
    const steps = [{ to: 'LEAD' as Stage, at: story.createdAt }, ...story.changes];
    return steps.flatMap(({ to, at }, index) => {
      if (!random.chance(0.6)) return [];
      const until = steps[index + 1]?.at ?? story.archivedAt ?? calendar.now;
      const between = at + random.fraction() ** 2 * (until - at);
      const inOffice = calendar.officeHours(between);
      const noted = inOffice > at && inOffice < until ? inOffice : between;
      const content = random.pick(TEXTS.notes[to] ?? []).replace('{first}', story.person.first);
      const times = { created_at: timestamp(noted), updated_at: timestamp(noted) };
      return [{ author, row: { content, author_id: author.id, client_id: story.id, ...times } }];
    });
  });
  notes.sort((a, b) => a.row.created_at.localeCompare(b.row.created_at));
  await insertRows(
    transaction,
    'immigration_note',
    notes.map(({ row }) => row),
  );
  return notes.map(({ author, row }) => ({
    activity_type: 'NOTE_ADDED',
    description: 'Note added',
    metadata: metadata(row, author, {}),
    created_at: row.created_at,
    client_id: row.client_id,
    performed_by_id: author.id,
  }));
}
