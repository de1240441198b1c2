import { TENANT_COLUMNS, type TenantColumns } from '../../database/generated/columns.js';
import { PlainError } from '../../platform/plain-error.js';
import { type CapturedField, fieldsOf } from '../capture/fields.js';
import { EVENTS } from '../config.js';
import { typesOf } from '../event-types.js';
import { HANDLERS } from '../handlers/registry.js';
import type { EventsConfig, TrackedEntity } from '../types.js';
import { checkHandlerUse, checkRole } from './check-handler-use.js';

const ENTITY_NAME = /^[A-Z][A-Za-z0-9]{0,49}$/;
const LONGEST_TYPE = 100;
const MOST_RETRIES = 32_767;

/**
 * Returns the errors of a configuration of events, one line each: unknown tables, columns, handlers, placeholders,
 * recipients and roles, and events of what is not tracked.
 */
export function checkEventsConfig(
  config: EventsConfig,
  columns: TenantColumns = TENANT_COLUMNS,
  handlers: Readonly<Record<string, unknown>> = HANDLERS,
): string[] {
  const fields = new Map<string, readonly CapturedField[]>();
  const problems: string[] = [];
  for (const [entity, tracked] of Object.entries(config.entities)) {
    const own = Object.hasOwn(columns, tracked.table) ? columns[tracked.table]! : null;
    if (own) fields.set(entity, fieldsOf(own));
    problems.push(...checkEntity(entity, tracked, fields.get(entity) ?? null, config));
  }
  for (const type of Object.keys(config.events)) {
    const problem = typeProblem(type, config);
    const own = fields.get(type.split('.')[0]!);
    if (problem) problems.push(problem);
    else if (own) problems.push(...checkType(type, own, config, handlers));
  }
  problems.push(...config.alertRoles.flatMap((role) => checkRole('alertRoles', role)));
  return problems;
}

/** Checks the shipped configuration. @throws PlainError, one line, when it has errors */
export function requireValidEventsConfig(): void {
  const problems = checkEventsConfig(EVENTS);
  if (problems.length > 0) throw new PlainError(`src/events/config.ts: ${problems.join('; ')}`);
}

function checkEntity(
  entity: string,
  { table, fields: named, empty = [] }: TrackedEntity,
  fields: readonly CapturedField[] | null,
  { entities }: EventsConfig,
): string[] {
  if (!ENTITY_NAME.test(entity))
    return [`"${entity}" is no name of an entity: letters and digits, a capital first`];
  if (!fields) return [`${entity}: unknown table "${table}"`];
  const there = fields.map(({ name }) => name);
  const twins = Object.keys(entities).filter((other) => entities[other]!.table === table);
  return [
    ...named
      .filter((name) => !there.includes(name))
      .map((name) => `${entity}: ${table} has no field "${name}"`),
    ...empty
      .filter((name) => there.includes(name))
      .map((name) => `${entity}: "${name}" is a field, so not empty`),
    ...(twins[0] === entity ? twins.slice(1) : []).map((other) => `${entity} and ${other} are one table`),
  ];
}

/** Returns an error unless this is the type of an event that can happen. */
function typeProblem(type: string, config: EventsConfig): string | null {
  const [entity = '', ...rest] = type.split('.');
  if (!Object.hasOwn(config.entities, entity)) return `${type}: ${entity} is not tracked`;
  const possible = typesOf(entity, config).map((known) => known.slice(entity.length + 1));
  if (!possible.includes(rest.join('.')))
    return `${type}: there is no such event; ${entity} has ${possible.join(', ')}`;
  return type.length > LONGEST_TYPE ? `${type}: longer than ${LONGEST_TYPE} characters` : null;
}

function checkType(
  type: string,
  fields: readonly CapturedField[],
  { events }: EventsConfig,
  known: Readonly<Record<string, unknown>>,
): string[] {
  const { handlers, max_retries: retries = 0 } = events[type]!;
  const isNumber = Number.isInteger(retries) && retries >= 0 && retries <= MOST_RETRIES;
  return [
    ...(isNumber ? [] : [`${type}: max_retries is not a number from 0 to ${MOST_RETRIES}`]),
    ...handlers.flatMap((use) => {
      const { handler } = use;
      if (!Object.hasOwn(known, handler))
        return [`${type}: unknown handler "${handler}"; there are ${Object.keys(known).join(', ')}`];
      return checkHandlerUse(type, fields, use).map((problem) => `${type}, ${handler}: ${problem}`);
    }),
  ];
}
