import { type Static, Type } from '@sinclair/typebox';
import { component } from '../../http/component.js';
import { body } from '../../http/fields/body.js';
import { nullableSchema, required } from '../../http/fields/field.js';
import { list } from '../../http/fields/list.js';
import { boolean, integer } from '../../http/fields/scalar.js';
import { NOTIFICATION_TYPES } from '../shared/notification-types.js';

const readOnly = { readOnly: true };
const time = () => Type.String({ format: 'date-time' });

export const NotificationOutput = component(
  'NotificationOutput',
  Type.Object({
    id: Type.Integer(readOnly),
    notification_type: component(
      'NotificationTypeEnum',
      Type.Unsafe<string>({ type: 'string', enum: [...NOTIFICATION_TYPES] }),
    ),
    notification_type_display: Type.String(readOnly),
    assigned_to: nullableSchema(Type.Integer()),
    assigned_to_name: nullableSchema(Type.String(readOnly)),
    title: Type.String({ maxLength: 200 }),
    message: Type.String(),
    due_date: nullableSchema(time()),
    meta_info: Type.Object({}, { additionalProperties: true }),
    read: Type.Boolean(),
    read_at: nullableSchema(time()),
    is_completed: Type.Boolean(),
    is_overdue: Type.Boolean(readOnly),
    created_at: Type.String({ format: 'date-time', ...readOnly }),
    updated_at: Type.String({ format: 'date-time', ...readOnly }),
  }),
);
export type NotificationOutput = Static<typeof NotificationOutput>;

const changes = { read: boolean(), is_completed: boolean() };
export const NotificationUpdate = body('NotificationUpdateRequest', changes);
export const NotificationPatch = body('PatchedNotificationUpdateRequest', changes);
export type NotificationChanges = ReturnType<typeof NotificationUpdate.parse>;

export const BulkMarkRead = body('BulkMarkReadRequest', {
  notification_ids: required(list(integer(), { min: 1 })),
});

export const MarkedReadCount = component(
  'MarkedReadCount',
  Type.Object({ marked_read_count: Type.Integer() }),
);
export const UnreadCount = component('UnreadCount', Type.Object({ unread_count: Type.Integer() }));
