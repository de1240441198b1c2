import type { JsonValue } from '../../database/generated/tables.js';
import { ExactNumber, writeJson } from '../../database/json.js';
import { sql } from '../../database/sql.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { type DomainEvent, idIn, type State, stateOf, valueIn } from '../event.js';
import { RELATIONS, type Relation } from './relations.js';

/** A record that an event's record references. */
interface Related {
  readonly id: number;
  readonly name: string;
  /** Its own foreign keys, by name without `_id`. */
  readonly links: State;
}

/** Records by kind and id. */
export type RelatedRecords = ReadonlyMap<Relation, ReadonlyMap<number, Related>>;

const NAME = '_name';
const WHEN = /^(old|new)_(.+)$/;
const GONE = '(deleted)';
const SYSTEM = 'System';

/** The names of an event's record and of those around it. */
export class EventContext {
  constructor(
    readonly event: DomainEvent,
    /** The client that the record is, belongs to or is linked with. */
    readonly clientId: number | null,
    private readonly found: RelatedRecords,
  ) {}

  /**
   * Returns what replaces a name in a template: `client_name`, `task_title`, `performed_by_name`, `entity_type`,
   * `entity_id`; a field; `<foreign key>_name`; both also prefixed with `old_` and `new_`. Null: no value.
   */
  text(name: string): string | null {
    const { event } = this;
    if (name === 'client_name') return this.#clientName();
    if (name === 'task_title') return event.entity_type === 'Task' ? asText(stateOf(event).title) : null;
    if (name === 'performed_by_name')
      return event.performed_by_id === null ? SYSTEM : this.#nameOf('performed_by', event.performed_by_id);
    if (name === 'entity_type') return event.entity_type;
    if (name === 'entity_id') return String(event.record_id);
    const [, when, rest] = WHEN.exec(name) ?? [];
    if (when === 'old') return this.#textIn(event.previous_state, rest as string);
    if (when === 'new') return this.#textIn(event.current_state, rest as string);
    return this.#textIn(stateOf(event), name);
  }

  /** Returns the name of the record in this field, such as `visa_type`; null when the field is empty. */
  nameIn(field: string): string | null {
    return this.text(field + NAME);
  }

  /** Returns the id in a field of the record or, as `client.assigned_to`, of a record that it references. */
  idAt(path: string): number | null {
    const [field, link] = path.split('.') as [string, string | undefined];
    const id = field === 'client' ? this.clientId : idIn(stateOf(this.event), field);
    if (link === undefined || id === null) return id;
    if (field === 'client' && this.event.entity_type === 'Client') return idIn(stateOf(this.event), link);
    const related = this.#related(field, id);
    return related ? idIn(related.links, link) : null;
  }

  /** The branch of the record, its own or its client's. */
  get branchId(): number | null {
    return idIn(stateOf(this.event), 'branch') ?? this.idAt('client.branch');
  }

  #clientName(): string | null {
    if (this.event.entity_type === 'Client') {
      const { first_name, last_name } = stateOf(this.event);
      return [first_name, last_name].filter(Boolean).join(' ').trim();
    }
    return this.clientId === null ? null : this.#nameOf('client', this.clientId);
  }

  #textIn(state: State, name: string): string | null {
    const field = name.slice(0, -NAME.length);
    if (name.endsWith(NAME) && field in RELATIONS && !(name in state)) {
      const id = idIn(state, field);
      return id === null ? null : this.#nameOf(field, id);
    }
    return asText(valueIn(state, name));
  }

  #nameOf(field: string, id: number): string {
    return this.#related(field, id)?.name || GONE;
  }

  #related(field: string, id: number): Related | undefined {
    return this.found.get(RELATIONS[field] as Relation)?.get(id);
  }
}

/** Returns the field whose record a template's name needs; null when it needs none. */
export function relationIn(name: string): string | null {
  const plain = WHEN.exec(name)?.[2] ?? name;
  const field = plain.endsWith(NAME) ? plain.slice(0, -NAME.length) : '';
  return Object.hasOwn(RELATIONS, field) ? field : null;
}

/** The part of an event that tells which records it references; it never changes. */
export type ReferringEvent = Pick<
  DomainEvent,
  | 'id'
  | 'event_type'
  | 'entity_type'
  | 'record_id'
  | 'action'
  | 'previous_state'
  | 'current_state'
  | 'performed_by_id'
>;

/**
 * Reads the records that many events reference, with one statement for each kind of record.
 * @param fieldsOf the fields of RELATIONS that an event's handlers need
 * @param clientType the id of the content type `client`, by which tasks are linked to clients
 */
export async function readRelated(
  transaction: Pick<TenantTransaction, 'query'>,
  events: readonly ReferringEvent[],
  fieldsOf: (event: ReferringEvent) => Iterable<string>,
  clientType: number | null,
): Promise<RelatedRecords> {
  const wanted = new Map<Relation, Set<number>>();
  for (const event of events) {
    for (const field of fieldsOf(event)) {
      const relation = RELATIONS[field];
      if (!relation) continue;
      const ids = wanted.get(relation) ?? new Set();
      for (const id of idsOf(event, field, clientType)) ids.add(id);
      wanted.set(relation, ids);
    }
  }
  const read = [...wanted]
    .filter(([, ids]) => ids.size > 0)
    .map(([relation, ids]) => lookUp(transaction, relation, ids));
  return new Map(await Promise.all(read));
}

/** Returns an event's context. @param found what `readRelated` found for this event, among others */
export function contextOf(
  event: DomainEvent,
  found: RelatedRecords,
  clientType: number | null,
): EventContext {
  return new EventContext(event, clientIdOf(event, clientType), found);
}

function idsOf(event: ReferringEvent, field: string, clientType: number | null): number[] {
  const ids =
    field === 'client'
      ? [event.entity_type === 'Client' ? null : clientIdOf(event, clientType)]
      : field === 'performed_by'
        ? [event.performed_by_id]
        : [idIn(event.previous_state, field), idIn(event.current_state, field)];
  return ids.filter((id) => id !== null);
}

function clientIdOf(event: ReferringEvent, clientType: number | null): number | null {
  if (event.entity_type === 'Client') return event.record_id;
  const state = stateOf(event);
  if (event.entity_type !== 'Task') return idIn(state, 'client');
  return clientType !== null && state.content_type_id === clientType ? idIn(state, 'object_id') : null;
}

async function lookUp(
  transaction: Pick<TenantTransaction, 'query'>,
  relation: Relation,
  ids: ReadonlySet<number>,
): Promise<[Relation, Map<number, Related>]> {
  const links = relation.links.flatMap((link) => [sql`${link}::text`, sql.ref(`${link}_id`)]);
  const rows = await transaction.query(sql<Related>`
    SELECT id, ${relation.name} AS name, jsonb_build_object(${sql.join(links)}) AS links
    FROM ${sql.ref(relation.table)} WHERE id = ANY (${[...ids]}::bigint[])`);
  return [relation, new Map(rows.map((row) => [row.id, row]))];
}

/** Returns a value in readable form; null for none. */
function asText(value: JsonValue | undefined): string | null {
  if (value === null || value === undefined) return null;
  if (Array.isArray(value)) return value.map(asText).join(', ');
  if (typeof value !== 'object' || value instanceof ExactNumber) return String(value);
  const { amount, currency } = value as State;
  return amount === undefined ? writeJson(value) : `${asText(amount)} ${asText(currency) ?? ''}`.trim();
}
