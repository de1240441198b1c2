import { type DomainEvent, idIn, type State, stateOf, valueIn } from '../event.js';
import type { NotificationConfig } from '../types.js';
import type { EventContext } from './event-context.js';
import type { Handler, HandlerOutcome, HandlerTransaction, HandlerWork } from './handler.js';
import {
  type InsertedNotification,
  insertNotifications,
  type NewNotification,
} from './insert-notifications.js';
import { addresseesOf, recipientsSql, relatedTo } from './recipients.js';
import { fillTemplate } from './templates.js';

type NotificationWork = HandlerWork<NotificationConfig>;

const RELATED: Readonly<Record<string, readonly string[]>> = {
  VisaApplication: ['visa_type'],
  CollegeApplication: ['application_type', 'institute'],
};

/** The handler that notifies users of an event. */
export const notification: Handler<NotificationConfig> = {
  templates: ({ title_template, message_template }) => [title_template, message_template],
  related: ({ recipients }, entity) => [...(RELATED[entity] ?? []), ...relatedTo(recipients)],
  sendsAtOnce: true,
  async handle(work, transaction) {
    const [outcome] = await notify([work], transaction);
    return outcome as HandlerOutcome;
  },
  handleMany: notify,
};

/** Notifies the addressees of these works, all of one configuration. */
async function notify(
  works: readonly NotificationWork[],
  transaction: HandlerTransaction,
): Promise<readonly HandlerOutcome[]> {
  const made = works.map((work) => notificationOf(work));
  const notifications = made.filter((one) => typeof one === 'object');
  const rows: InsertedNotification[] = [];
  const recipients = works[0]?.config.recipients ?? [];
  if (notifications.length > 0) {
    const insert = insertNotifications(notifications, recipientsSql(recipients));
    rows.push(...(await transaction.query(insert)));
  }
  return works.map(({ event, config }, index) => {
    const why = made[index];
    if (typeof why === 'string') return { status: 'SKIPPED', message: why };
    return outcomeOf(
      config.type,
      rows.filter((row) => row.event === event.id),
    );
  });
}

/** Returns the notification to insert, or the reason why there is none. */
function notificationOf({ event, config, context }: NotificationWork): NewNotification | string {
  if (config.type === 'TASK_ASSIGNED' && isClaim(event)) return 'the task was claimed by its new assignee';
  const addressees = addresseesOf(config.recipients, context);
  if (!addressees) return 'nobody to notify';
  const fill = (template: string) => fillTemplate(template, (name) => context.text(name));
  return {
    ...addressees,
    type: config.type,
    title: fill(config.title_template),
    message: fill(config.message_template),
    meta: metaOf(context),
    dueDate: event.entity_type === 'Task' ? (valueIn(stateOf(event), 'due_date') as string | null) : null,
  };
}

function outcomeOf(type: string, rows: readonly InsertedNotification[]): HandlerOutcome {
  if (rows.length === 0) return { status: 'SKIPPED', message: 'nobody active to notify' };
  const notified = rows.map(({ user }) => user);
  return {
    status: 'SUCCESS',
    message: `${type} to ${rows.length === 1 ? 'one user' : `${rows.length} users`}`,
    data: { notification_ids: rows.map(({ id }) => id), user_ids: notified },
    notified,
  };
}

/** Returns whether a user claimed a branch's task, which needs no notification. */
function isClaim(event: DomainEvent): boolean {
  const assignee = idIn(event.current_state, 'assigned_to');
  return (
    event.entity_type === 'Task' &&
    assignee !== null &&
    assignee === event.performed_by_id &&
    idIn(event.previous_state, 'branch') !== null
  );
}

function metaOf(context: EventContext): State & { readonly event_id: number } {
  const { id, entity_type, record_id } = context.event;
  return {
    event_id: id,
    entity_type,
    entity_id: record_id,
    client_id: context.clientId,
    ...ofEntity(context),
  };
}

function ofEntity(context: EventContext): State {
  const { event } = context;
  const id = event.record_id;
  if (event.entity_type === 'Task') return { task_id: id, priority: valueIn(stateOf(event), 'priority') };
  if (event.entity_type === 'VisaApplication')
    return { visa_application_id: id, visa_type_name: context.nameIn('visa_type') };
  if (event.entity_type === 'CollegeApplication') {
    const application_type_name = context.nameIn('application_type');
    const institute_name = context.nameIn('institute');
    return { application_id: id, application_type_name, institute_name };
  }
  return {};
}
