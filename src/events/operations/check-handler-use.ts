import { ROLES } from '../../auth/scope.js';
import type { CapturedField } from '../capture/fields.js';
import { HANDLERS } from '../handlers/registry.js';
import { RELATIONS, USER_FIELDS } from '../handlers/relations.js';
import { namesIn, templateProblem } from '../handlers/templates.js';
import type { Condition, HandlerUse, Recipient } from '../types.js';

/** Names that templates of every event may use (handlers/event-context.ts). */
const ALWAYS_NAMED = ['performed_by_name', 'entity_type', 'entity_id'];
const LONGEST_CODE = 30;
const PRIORITIES = ['LOW', 'MEDIUM', 'HIGH', 'URGENT'];
const PLACES = ['tenant', 'region', 'branch'];

/** Returns the errors of one handler's entry, one line each. */
export function checkHandlerUse(type: string, fields: readonly CapturedField[], use: HandlerUse): string[] {
  const entity = type.split('.')[0]!;
  const { condition, config } = use;
  return [
    ...(condition ? checkCondition(condition, fields) : []),
    ...templatesOf(use).flatMap((template) => checkTemplate(template, entity, fields)),
    ...checkSettings(config as unknown as Settings, entity, fields),
  ];
}

/** The settings of all handlers, none of them certain to have the declared type. */
interface Settings {
  readonly activity_type?: string;
  readonly type?: string;
  readonly recipients?: readonly Recipient[];
  readonly due_date_days?: number;
  readonly priority?: string;
  readonly assigned_to_field?: string;
}

function checkSettings(settings: Settings, entity: string, fields: readonly CapturedField[]): string[] {
  const { recipients, due_date_days: days = 0, priority = 'LOW', assigned_to_field: assignee } = settings;
  const codes = [settings.activity_type, settings.type].filter((code) => code !== undefined);
  return [
    ...codes
      .filter((code) => code === '' || code.length > LONGEST_CODE)
      .map((code) => `"${code}" has not 1 to ${LONGEST_CODE} characters`),
    ...(recipients?.length === 0 ? ['it has no recipients'] : []),
    ...(recipients ?? []).flatMap((recipient) => checkRecipient(recipient, entity, fields)),
    ...(Number.isInteger(days) && days >= 0 ? [] : [`due_date_days ${days} is no number of days`]),
    ...(PRIORITIES.includes(priority) ? [] : [`unknown priority "${priority}"`]),
    ...(assignee === undefined ? [] : checkUserField(assignee, entity, fields)),
  ];
}

function templatesOf({ handler, config }: HandlerUse): readonly string[] {
  return HANDLERS[handler]?.templates?.(config as never) ?? [];
}

function checkTemplate(template: string, entity: string, fields: readonly CapturedField[]): string[] {
  const problem = templateProblem(template);
  const unknown = namesIn(template).filter((name) => !isNamed(name, entity, fields));
  return [...(problem ? [problem] : []), ...unknown.map((name) => `unknown mark {${name}} in "${template}"`)];
}

/** Returns whether an event of this entity defines a name in a template. */
function isNamed(name: string, entity: string, fields: readonly CapturedField[]): boolean {
  if (ALWAYS_NAMED.includes(name)) return true;
  if (name === 'client_name') return hasClient(entity, fields);
  if (name === 'task_title') return entity === 'Task';
  const plain = name.replace(/^(?:old|new)_/, '');
  return fields.some(
    (field) =>
      field.name === plain ||
      (field.references && Object.hasOwn(RELATIONS, field.name) && `${field.name}_name` === plain),
  );
}

/** Returns whether its records are clients, belong to one, or may be linked with one. */
function hasClient(entity: string, fields: readonly CapturedField[]): boolean {
  return entity === 'Client' || entity === 'Task' || fields.some(({ name }) => name === 'client');
}

function checkCondition(condition: Condition, fields: readonly CapturedField[]): string[] {
  switch (condition.kind) {
    case 'has_linked_client':
      return [];
    case 'field_was_null':
    case 'field_changed':
    case 'field_equals':
    case 'field_in':
      return fields.some(({ name }) => name === condition.field)
        ? []
        : [`its condition names an unknown field "${condition.field}"`];
    default:
      return [`unknown condition "${(condition as { kind: string }).kind}"`];
  }
}

function checkRecipient(recipient: Recipient, entity: string, fields: readonly CapturedField[]): string[] {
  if ('field' in recipient) return checkUserField(recipient.field, entity, fields);
  if ('user_ids' in recipient) {
    const wrong = recipient.user_ids.filter((id) => !Number.isSafeInteger(id) || id < 1);
    return wrong.map((id) => `${id} is no user's id`);
  }
  if ('team' in recipient) {
    const isPlace = recipient.team === 'branch' || recipient.team === 'region';
    return isPlace ? checkPlace(entity, fields) : [`unknown team "${recipient.team}"`];
  }
  if ('role' in recipient) {
    const { role, scope } = recipient;
    if (!PLACES.includes(scope)) return [...checkRole('a recipient', role), `unknown scope "${scope}"`];
    return [...checkRole('a recipient', role), ...(scope === 'tenant' ? [] : checkPlace(entity, fields))];
  }
  return [`unknown recipient ${JSON.stringify(recipient)}`];
}

/** Returns an error unless the field holds a user, of the record or of one that it references. */
function checkUserField(path: string, entity: string, fields: readonly CapturedField[]): string[] {
  const [first = '', second, ...more] = path.split('.');
  const own = fields.find(({ name }) => name === first);
  if (second === undefined) {
    return own?.references === 'immigration_user' ? [] : [`"${path}" is no field with a user`];
  }
  const isLinked = own?.references !== undefined || (first === 'client' && hasClient(entity, fields));
  const isKnown =
    isLinked && more.length === 0 && USER_FIELDS.has(second) && RELATIONS[first]?.links.includes(second);
  return isKnown ? [] : [`"${path}" is no field with a user`];
}

/** Returns an error unless the record or its client has a branch, and with it a region. */
function checkPlace(entity: string, fields: readonly CapturedField[]): string[] {
  const hasPlace = hasClient(entity, fields) || fields.some(({ name }) => name === 'branch');
  return hasPlace ? [] : [`${entity} has no branch, so neither a region`];
}

/** Returns an error unless the role is a group that every tenant has. */
export function checkRole(where: string, role: string): string[] {
  const known: readonly string[] = ROLES;
  return known.includes(role) ? [] : [`${where}: unknown role "${role}"; there are ${ROLES.join(', ')}`];
}
