import type { Column } from '../../database/generated/columns.js';
import { quoteLiteral } from '../../database/schema-name.js';
import type { EventsConfig, TrackedEntity } from '../types.js';
import { type CapturedField, differs, fieldsOf, stateExpression } from './fields.js';

export type CapturedOperation = 'INSERT' | 'UPDATE' | 'DELETE';

/** A function that captures the events of one table for one kind of statement. */
export interface CaptureFunction {
  readonly name: string;
  readonly table: string;
  readonly operation: CapturedOperation;
  /** Its PL/pgSQL; table names are unqualified, since the search_path is fixed to the function. */
  readonly body: string;
}

const DEFAULT_MAX_RETRIES = 2;

/** An entity, its tracked fields and its types of events. */
interface Tracked {
  readonly entity: string;
  readonly tracked: TrackedEntity;
  readonly fields: readonly CapturedField[];
  readonly softDeletes: boolean;
  /** Returns the number of retries of a failed event of this type. */
  retries(type: string): number;
  /**
   * Returns whether events of this type are made for every tenant, not only for those with a webhook that wants them.
   */
  isHandled(type: string): boolean;
}

/** Returns whether a handler is enabled for events of this type. */
function isHandled({ events }: EventsConfig, type: string): boolean {
  return events[type]?.handlers.some(({ enabled = true }) => enabled) ?? false;
}

/**
 * Returns the SQL condition that an endpoint of the tenant wants one of these types. The table is empty for most
 * tenants, so the look-up costs them next to nothing.
 */
function isWanted(types: readonly string[]): string {
  const matches = types.map((type) => `public.event_type_matches(w.event_types, ${quoteLiteral(type)})`);
  return `EXISTS (SELECT FROM webhook_endpoint w WHERE w.is_active AND (${matches.join(' OR ')}))`;
}

/**
 * Returns the functions that capture an entity's events: those of types with an enabled handler, and others if a webhook
 * of the tenant wants them.
 */
export function captureFunctions(
  config: EventsConfig,
  entity: string,
  columns: readonly Column[],
): CaptureFunction[] {
  const tracked = config.entities[entity]!;
  const known: Tracked = {
    entity,
    tracked,
    fields: fieldsOf(columns),
    softDeletes: columns.some(({ name }) => name === 'deleted_at'),
    retries: (type) => config.events[type]?.max_retries ?? DEFAULT_MAX_RETRIES,
    isHandled: (type) => isHandled(config, type),
  };
  const make = (operation: CapturedOperation, query: CaptureQuery): CaptureFunction => ({
    name: functionName(tracked.table, operation),
    table: tracked.table,
    operation,
    body: body(query),
  });
  return [
    make('INSERT', wholeRecord(known, 'CREATE')),
    make('UPDATE', changes(known)),
    make('DELETE', wholeRecord(known, 'DELETE')),
  ];
}

function functionName(table: string, operation: CapturedOperation): string {
  return `capture_${table.replace(/^immigration_/, '')}_${operation.toLowerCase()}`;
}

interface CaptureQuery {
  /** Necessary conditions for any event, the cheapest first. */
  readonly guards: readonly string[];
  /** Selects the values of the events' rows. */
  readonly events: string;
}

/**
 * Returns the body of a capture function. One statement writes events and queue; it has no parameters, so its plan is
 * made once per connection, and the guards come first, since starting it costs more than they do. An existing row of the
 * queue with the same id is a leftover from before the schema was restored, and must not make the change fail.
 */
function body({ guards, events }: CaptureQuery): string {
  const nothing = guards.map((guard) => `  IF NOT ${guard} THEN\n    RETURN NULL;\n  END IF;\n`).join('');
  return `
BEGIN
${nothing}  WITH made AS (
    INSERT INTO immigration_event (event_type, entity_type, entity_id, tenant_schema, action, previous_state,
      current_state, changed_fields, max_retries, metadata, performed_by_id)
${events}
    RETURNING id, event_type, entity_type, coalesce((metadata ->> 'entity_id')::bigint, entity_id) AS record
  )
  INSERT INTO public.event_queue (schema_name, event_id, event_type, entity_type, entity_id)
  SELECT current_schema(), id, event_type, entity_type, record FROM made
  ON CONFLICT (schema_name, event_id) DO UPDATE SET event_type = excluded.event_type,
    entity_type = excluded.entity_type, entity_id = excluded.entity_id, due_at = excluded.due_at,
    queued_at = excluded.queued_at, claims = 0, segment = excluded.segment;
  RETURN NULL;
END
`;
}

// The column of entity ids is narrower than the records' own, so a number that does not fit is kept beside it: the
// reported change must not fail because of it.
const ENTITY_ID = 'least(greatest(this.id, 0), 2147483647)::integer';
const WIDE_ID = `CASE WHEN this.id BETWEEN 0 AND 2147483647 THEN '{}'::jsonb ELSE jsonb_build_object('entity_id', this.id) END`;

// Evaluated once per statement, and only when it makes an event. The lock keeps the user from being deleted between
// look-up and insert, which would fail the change; a setting that is no user's id counts as none.
const PERFORMER = `(
        SELECT u.id FROM immigration_user u
        WHERE u.id = CASE WHEN current_setting('leopard.user_id', true) ~ '^[0-9]{1,18}$'
                     THEN current_setting('leopard.user_id', true)::bigint END
        FOR KEY SHARE)`;

/** Returns the query for CREATE and DELETE: an event for each row, with the whole record. */
function wholeRecord(known: Tracked, action: 'CREATE' | 'DELETE'): CaptureQuery {
  const type = `${known.entity}.${action}`;
  const state = stateExpression(known.fields, 'this', known.tracked.empty ?? []);
  const [previous, current] = action === 'CREATE' ? [`'{}'`, state] : [state, `'{}'`];
  return {
    guards: known.isHandled(type) ? [] : [isWanted([type])],
    events: `
    SELECT ${quoteLiteral(type)}, ${quoteLiteral(known.entity)}, ${ENTITY_ID}, current_schema(), '${action}',
      ${previous},
      ${current},
      '[]', ${known.retries(type)}, ${WIDE_ID}, ${PERFORMER}
    FROM ${action === 'CREATE' ? 'after_change' : 'before_change'} this`,
  };
}

interface CapturedChange {
  readonly type: string;
  readonly action: 'UPDATE' | 'DELETE';
  /** SQL over the rows `this` and `past`: the changed fields, and whether it happened. */
  readonly changedFields: string;
  readonly happened: string;
}

/**
 * Returns the query for UPDATE: an event for each row and tracked field that changed, or one for each row, and soft
 * deletion.
 */
function changes(known: Tracked): CaptureQuery {
  // For types that only webhooks want, rows are compared first, and endpoints are looked up once, if at all.
  const all = [...fieldChanges(known), ...softDeletion(known)].map((change) =>
    known.isHandled(change.type)
      ? change
      : { ...change, happened: `(${change.happened}) AND (SELECT ${isWanted([change.type])})` },
  );
  const types = all.map(({ type }) => type);
  const { empty = [] } = known.tracked;
  const isSomething = all.map(({ happened }) => `(${happened})`).join(' OR ');
  const pairs = 'after_change this JOIN before_change past ON past.id = this.id';
  // No join with a list of the types: it would be a nested loop.
  const happened = all.map((change, index) => `CASE WHEN ${change.happened} THEN ${index + 1} END`);
  const choice = (value: (change: CapturedChange) => string) =>
    `CASE which ${all.map((change, index) => `WHEN ${index + 1} THEN ${value(change)}`).join(' ')} END`;
  return {
    guards: [
      ...(types.some((type) => known.isHandled(type)) ? [] : [isWanted(types)]),
      `EXISTS (\n    SELECT FROM ${pairs} WHERE ${isSomething}\n  )`,
    ],
    events: `
    SELECT ${choice(({ type }) => quoteLiteral(type))}, ${quoteLiteral(known.entity)}, ${ENTITY_ID}, current_schema(),
      ${choice(({ action }) => `'${action}'`)},
      previous, CASE WHEN ${choice(({ action }) => String(action === 'UPDATE'))} THEN present ELSE '{}' END,
      fields[which], ${choice(({ type }) => String(known.retries(type)))}, ${WIDE_ID}, ${PERFORMER}
    FROM (
      SELECT this.id,
        ${stateExpression(known.fields, 'past', empty)} AS previous,
        ${stateExpression(known.fields, 'this', empty)} AS present,
        ARRAY[${all.map(({ changedFields }) => changedFields).join(', ')}]::jsonb[] AS fields,
        unnest(array_remove(ARRAY[${happened.join(', ')}], NULL)) AS which
      FROM ${pairs}
      WHERE ${isSomething}
    ) AS this`,
  };
}

function fieldChanges({ entity, tracked, fields }: Tracked): CapturedChange[] {
  if (tracked.fields.length === 0) return [anyChange(entity, fields)];
  return fields
    .filter(({ name }) => tracked.fields.includes(name))
    .map((field) => ({
      type: `${entity}.${field.name}.UPDATE`,
      action: 'UPDATE',
      changedFields: `${quoteLiteral(JSON.stringify([field.name]))}::jsonb`,
      happened: differs(field, 'this', 'past'),
    }));
}

function anyChange(entity: string, fields: readonly CapturedField[]): CapturedChange {
  const names = fields.map(
    (field) => `CASE WHEN ${differs(field, 'this', 'past')} THEN ${quoteLiteral(field.name)} END`,
  );
  return {
    type: `${entity}.UPDATE`,
    action: 'UPDATE',
    changedFields: `to_jsonb(array_remove(ARRAY[${names.join(', ')}]::text[], NULL))`,
    happened: `(${fields.map((field) => differs(field, 'this', 'past')).join(' OR ')})`,
  };
}

function softDeletion({ entity, softDeletes }: Tracked): CapturedChange[] {
  if (!softDeletes) return [];
  return [
    {
      type: `${entity}.DELETE`,
      action: 'DELETE',
      changedFields: `'[]'::jsonb`,
      happened: 'past.deleted_at IS NULL AND this.deleted_at IS NOT NULL',
    },
  ];
}
