import { type Static, Type } from '@sinclair/typebox';
import { component } from '../../http/component.js';
import { body, optional } from '../../http/fields/body.js';
import { nullable, nullableSchema, required } from '../../http/fields/field.js';
import { object } from '../../http/fields/object.js';
import { boolean, date, integer } from '../../http/fields/scalar.js';
import { text } from '../../http/fields/text.js';
import { time } from '../../http/fields/time.js';
import { dayOutput, idOutput, nameOutput, timeOutput } from '../shared/output.js';

const LARGEST_ID = 2_147_483_647;

const fields = {
  reminder_date: nullable(date()),
  reminder_time: nullable(time()),
  title: required(text({ min: 1, max: 255 })),
  meta_info: object(),
  read: boolean(),
  is_completed: boolean(),
  content_type: required(integer()),
  object_id: required(integer({ min: 0, max: LARGEST_ID })),
};

export const ReminderCreate = body('ReminderCreateRequest', fields);
export const ReminderPatch = body('PatchedReminderRequest', optional(fields));

export type ReminderCreateInput = ReturnType<typeof ReminderCreate.parse>;
export type ReminderPatchInput = ReturnType<typeof ReminderPatch.parse>;

export const ReminderOutput = component(
  'Reminder',
  Type.Object({
    id: idOutput(),
    reminder_date: nullableSchema(dayOutput()),
    reminder_time: nullableSchema(Type.String({ format: 'time' })),
    title: Type.String({ maxLength: 255 }),
    meta_info: Type.Object({}, { additionalProperties: true }),
    created_by: nullableSchema(Type.Integer({ readOnly: true })),
    created_by_name: nameOutput(),
    created_at: timeOutput(),
    read: Type.Boolean(),
    is_completed: Type.Boolean(),
    notification_created: Type.Boolean({ readOnly: true }),
    content_type: Type.Integer(),
    object_id: Type.Integer({ minimum: 0, maximum: LARGEST_ID }),
  }),
);
export type ReminderOutput = Static<typeof ReminderOutput>;
