import { writeJson } from '../../database/json.js';
import { sql } from '../../database/sql.js';
import { idIn, type State } from '../event.js';
import type { ClientActivityConfig } from '../types.js';
import type { EventContext } from './event-context.js';
import type { Handler, HandlerOutcome, HandlerTransaction, HandlerWork } from './handler.js';
import { fillTemplate } from './templates.js';

type ActivityWork = HandlerWork<ClientActivityConfig>;

/** The records that a timeline entry names beside its own. */
const RELATED: Readonly<Record<string, readonly string[]>> = {
  VisaApplication: ['visa_type'],
  CollegeApplication: ['institute', 'course'],
};

// Nothing is inserted for a client that no longer exists: its timeline went with it.
const insertEntries = (entries: readonly object[]) => sql<{ id: number; event: number }>`
  INSERT INTO immigration_clientactivity
    (client_id, activity_type, description, metadata, performed_by_id, created_at)
  SELECT c.id, r.activity_type, r.description, r.metadata, r.performed_by_id, r.created_at
  FROM ROWS FROM (jsonb_to_recordset(${writeJson(entries)}::jsonb) AS (
    client_id bigint, activity_type text, description text, metadata jsonb, performed_by_id bigint,
    created_at timestamptz
  )) WITH ORDINALITY AS r (client_id, activity_type, description, metadata, performed_by_id, created_at, place)
  JOIN immigration_client c ON c.id = r.client_id
  ORDER BY r.place
  RETURNING id, (metadata ->> 'event_id')::bigint AS event`;

/**
 * The handler that writes an entry into the timeline of the client that the record is, belongs to or is linked with.
 */
export const clientActivity: Handler<ClientActivityConfig> = {
  templates: ({ description_template }) => [description_template],
  related: (_config, entity) => RELATED[entity] ?? [],
  sendsAtOnce: true,
  async handle(work, transaction) {
    const [outcome] = await writeEntries([work], transaction);
    return outcome as HandlerOutcome;
  },
  handleMany: writeEntries,
};

async function writeEntries(
  works: readonly ActivityWork[],
  transaction: HandlerTransaction,
): Promise<readonly HandlerOutcome[]> {
  const entries = works.filter(({ context }) => context.clientId !== null).map(entryOf);
  const rows = entries.length > 0 ? await transaction.query(insertEntries(entries)) : [];
  const ids = new Map(rows.map(({ id, event }) => [event, id]));
  return works.map(({ event, config, context }): HandlerOutcome => {
    const id = ids.get(event.id);
    if (id !== undefined)
      return { status: 'SUCCESS', message: `timeline: ${config.activity_type}`, data: { activity_id: id } };
    const message =
      context.clientId === null ? 'the record has no client' : 'the client is not there any more';
    return { status: 'SKIPPED', message };
  });
}

function entryOf({ event, config, context }: ActivityWork) {
  return {
    client_id: context.clientId,
    activity_type: config.activity_type,
    description: fillTemplate(config.description_template, (name) => context.text(name)),
    metadata: metadataOf(context),
    performed_by_id: event.performed_by_id,
    created_at: event.created_at,
  };
}

function metadataOf(context: EventContext): State {
  const { event } = context;
  const assignee = idIn(event.current_state, 'assigned_to');
  const isAssigned = assignee !== null && event.changed_fields.includes('assigned_to');
  return {
    ...event.current_state,
    event_id: event.id,
    changed_fields: [...event.changed_fields],
    ...(event.performed_by_id !== null && { performed_by_id: event.performed_by_id }),
    ...(isAssigned && { assigned_to_id: assignee }),
    ...ofEntity(context),
  };
}

function ofEntity(context: EventContext): State {
  const { entity_type, record_id } = context.event;
  if (entity_type === 'Task') return { task_id: record_id };
  if (entity_type === 'VisaApplication')
    return { visa_application_id: record_id, visa_type_name: context.nameIn('visa_type') };
  if (entity_type === 'CollegeApplication') {
    const [institute_name, course_name] = [context.nameIn('institute'), context.nameIn('course')];
    return { application_id: record_id, institute_name, course_name };
  }
  return {};
}
