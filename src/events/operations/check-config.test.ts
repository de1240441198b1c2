import { describe, expect, it } from 'vitest';
import { EVENTS } from '../config.js';
import { HANDLERS } from '../handlers/registry.js';
import type { EventsConfig, HandlerUse, TrackedEntity } from '../types.js';
import { checkEventsConfig } from './check-config.js';

const TYPE = 'Client.stage.UPDATE';
const activity = { activity_type: 'STAGE_CHANGED', description_template: 'x' };
const notice = { type: 'CLIENT_STAGE_CHANGED', title_template: 'x', message_template: 'x' };

/** Returns the shipped configuration with one event type in the place of all. */
function withEvent(type: string, ...handlers: readonly object[]): EventsConfig {
  return { ...EVENTS, events: { [type]: { handlers: handlers as HandlerUse[] } } };
}

function withEntity(entity: string, tracked: Partial<TrackedEntity>): EventsConfig {
  const made = { table: 'immigration_agent', fields: [], ...tracked };
  return { ...EVENTS, entities: { ...EVENTS.entities, [entity]: made } };
}

const notifying = (recipient: object, type = TYPE) =>
  withEvent(type, { handler: 'notification', config: { ...notice, recipients: [recipient] } });
const saying = (description_template: string, type = TYPE) =>
  withEvent(type, { handler: 'client_activity', config: { ...activity, description_template } });

it('accepts the shipped configuration', () => {
  expect(checkEventsConfig(EVENTS)).toEqual([]);
});

/** Returns a configuration and its errors. */
function mistakes(...list: [config: object, problem: string][]) {
  return list.map(([config, problem]) => ({ config: config as EventsConfig, problem }));
}

describe('what is tracked', () => {
  it.each(
    mistakes(
      [withEntity('Agent', { table: 'immigration_agnet' }), 'Agent: unknown table "immigration_agnet"'],
      [withEntity('Agent', { table: 'toString' }), 'Agent: unknown table "toString"'],
      [
        withEntity('Agent', { fields: ['created_by_id'] }),
        'Agent: immigration_agent has no field "created_by_id"',
      ],
      [withEntity('Agent', { empty: ['email'] }), 'Agent: "email" is a field, so not empty'],
      [withEntity('agent', {}), '"agent" is no name of an entity: letters and digits, a capital first'],
      [withEntity('Person', { table: 'immigration_client' }), 'Client and Person are one table'],
      [
        { ...EVENTS, alertRoles: ['BOSS'] },
        'alertRoles: unknown role "BOSS"; there are SUPER_ADMIN, REGION_MANAGER, BRANCH_ADMIN, CONSULTANT',
      ],
    ),
  )('$problem', ({ config, problem }) => {
    expect(checkEventsConfig(config)).toEqual([problem]);
  });

  it('takes another entity', () => {
    expect(checkEventsConfig(withEntity('Agent', { fields: ['created_by', 'email'] }))).toEqual([]);
  });
});

describe('types of events', () => {
  const fields = 'CREATE, DELETE, assigned_to.UPDATE, stage.UPDATE, active.UPDATE';
  it.each([
    ['Agent.CREATE', 'Agent.CREATE: Agent is not tracked'],
    ['Client.email.UPDATE', `Client.email.UPDATE: there is no such event; Client has ${fields}`],
    ['Client.UPDATE', `Client.UPDATE: there is no such event; Client has ${fields}`],
    ['Client', `Client: there is no such event; Client has ${fields}`],
    ['Note.content.UPDATE', 'Note.content.UPDATE: there is no such event; Note has CREATE, DELETE, UPDATE'],
  ])('%s', (type, problem) => {
    expect(checkEventsConfig(withEvent(type))).toEqual([problem]);
  });
});

describe('handlers', () => {
  it.each(
    mistakes(
      [
        withEvent(TYPE, { handler: 'fax', config: {} }),
        `Client.stage.UPDATE: unknown handler "fax"; there are ${Object.keys(HANDLERS).join(', ')}`,
      ],
      [
        { ...EVENTS, events: { [TYPE]: { handlers: [], max_retries: -1 } } },
        'Client.stage.UPDATE: max_retries is not a number from 0 to 32767',
      ],
      [saying('{colour}'), 'unknown mark {colour} in "{colour}"'],
      [saying('{task_title}'), 'unknown mark {task_title} in "{task_title}"'],
      [saying('{visa_type_name}'), 'unknown mark {visa_type_name} in "{visa_type_name}"'],
      [saying('{?old_colour:a|b}'), 'unknown mark {old_colour} in "{?old_colour:a|b}"'],
      [saying('{stage'), 'a brace that belongs to no mark in "{stage"'],
      [saying('{title}', 'Note.CREATE'), 'unknown mark {title} in "{title}"'],
      [
        withEvent(TYPE, { handler: 'client_activity', config: { ...activity, activity_type: '' } }),
        '"" has not 1 to 30 characters',
      ],
      [
        withEvent(TYPE, {
          handler: 'client_activity',
          config: activity,
          condition: { kind: 'field_changed', field: 'colour' },
        }),
        'its condition names an unknown field "colour"',
      ],
      [
        withEvent(TYPE, {
          handler: 'client_activity',
          config: activity,
          condition: { kind: 'moon_is_full' },
        }),
        'unknown condition "moon_is_full"',
      ],
      [
        withEvent(TYPE, { handler: 'notification', config: { ...notice, recipients: [] } }),
        'it has no recipients',
      ],
      [notifying({ field: 'owner' }), '"owner" is no field with a user'],
      [notifying({ field: 'branch' }), '"branch" is no field with a user'],
      [notifying({ field: 'client.branch' }, 'Note.CREATE'), '"client.branch" is no field with a user'],
      [notifying({ field: 'client.password' }, 'Note.CREATE'), '"client.password" is no field with a user'],
      [
        notifying({ role: 'BOSS', scope: 'tenant' }),
        'a recipient: unknown role "BOSS"; there are SUPER_ADMIN, REGION_MANAGER, BRANCH_ADMIN, CONSULTANT',
      ],
      [notifying({ role: 'CONSULTANT', scope: 'world' }), 'unknown scope "world"'],
      [notifying({ team: 'floor' }), 'unknown team "floor"'],
      [notifying({ user_ids: [0] }), "0 is no user's id"],
      [notifying({ everybody: true }), 'unknown recipient {"everybody":true}'],
      [
        withEvent(TYPE, {
          handler: 'task',
          config: { title_template: 'x', detail_template: 'x', priority: 'SOON' },
        }),
        'unknown priority "SOON"',
      ],
      [
        withEvent(TYPE, {
          handler: 'task',
          config: { title_template: 'x', detail_template: 'x', due_date_days: 0.5 },
        }),
        'due_date_days 0.5 is no number of days',
      ],
      [
        withEvent(TYPE, {
          handler: 'task',
          config: { title_template: 'x', detail_template: 'x', assigned_to_field: 'stage' },
        }),
        '"stage" is no field with a user',
      ],
    ),
  )('$problem', ({ config, problem }) => {
    const [found, ...others] = checkEventsConfig(config);
    expect(others).toEqual([]);
    expect(found!.endsWith(problem), found).toBe(true);
  });

  it.each([
    saying(
      '{client_name} {old_stage} {new_assigned_to_name} {branch_name} {performed_by_name} {?email:{email}|none}',
    ),
    saying('{task_title} {client_name}', 'Task.CREATE'),
    saying('{visa_type_name} {service_fee} {client_name}', 'VisaApplication.CREATE'),
    notifying({ field: 'client.assigned_to' }, 'Note.CREATE'),
    notifying({ field: 'client.assigned_to' }, 'Task.CREATE'),
    notifying({ team: 'region' }, 'CollegeApplication.CREATE'),
    notifying({ role: 'CONSULTANT', scope: 'branch' }, 'Note.CREATE'),
  ])('accepts what there is: %#', (config) => {
    expect(checkEventsConfig(config)).toEqual([]);
  });
});
