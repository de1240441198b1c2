import { type Static, Type } from '@sinclair/typebox';
import { component } from '../../http/component.js';
import { body } from '../../http/fields/body.js';
import { MOST_IDS } from '../../http/fields/bounds.js';
import { nullableSchema, required } from '../../http/fields/field.js';
import { list } from '../../http/fields/list.js';
import { boolean, integer } from '../../http/fields/scalar.js';
import { NOTIFICATION_TYPES } from '../shared/notification-types.js';
import { idOutput, labelOutput, nameOutput, readOnly, relatedOutput, timeOutput } from '../shared/output.js';

export const NotificationOutput = component(
  'NotificationOutput',
  Type.Object({
    id: idOutput(),
    notification_type: component(
      'NotificationTypeEnum',
      Type.Unsafe<string>({ type: 'string', enum: [...NOTIFICATION_TYPES] }),
    ),
    notification_type_display: labelOutput(),
    assigned_to: relatedOutput(),
    assigned_to_name: nameOutput(),
    title: Type.String({ maxLength: 200 }),
    message: Type.String(),
    due_date: nullableSchema(timeOutput({})),
    meta_info: Type.Object({}, { additionalProperties: true }),
    read: Type.Boolean(),
    read_at: nullableSchema(timeOutput({})),
    is_completed: Type.Boolean(),
    is_overdue: Type.Boolean(readOnly),
    created_at: timeOutput(),
    updated_at: timeOutput(),
  }),
);
export type NotificationOutput = Static<typeof NotificationOutput>;

const changes = { read: boolean(), is_completed: boolean() };
export const NotificationUpdate = body('NotificationUpdateRequest', changes);
export const NotificationPatch = body('PatchedNotificationUpdateRequest', changes);
export type NotificationChanges = ReturnType<typeof NotificationUpdate.parse>;

export const BulkMarkRead = body('BulkMarkReadRequest', {
  notification_ids: required(list(integer(), { min: 1, max: MOST_IDS })),
});

export const MarkedReadCount = component(
  'MarkedReadCount',
  Type.Object({ marked_read_count: Type.Integer() }),
);
export const UnreadCount = component('UnreadCount', Type.Object({ unread_count: Type.Integer() }));
