import { type Static, Type } from '@sinclair/typebox';
import { component } from '../../http/component.js';
import { body, optional } from '../../http/fields/body.js';
import { hexColor } from '../../http/fields/color.js';
import { datetime } from '../../http/fields/datetime.js';
import { nullable, required, withDefault } from '../../http/fields/field.js';
import { boolean, integer } from '../../http/fields/scalar.js';
import { text } from '../../http/fields/text.js';
import { idOutput, nameOutput, readOnly, relatedOutput, timeOutput } from '../shared/output.js';

const fields = {
  title: required(text({ min: 1, max: 200 })),
  description: text(),
  start: required(datetime()),
  end: required(datetime()),
  assigned_to_id: nullable(integer()),
  hex_color: hexColor(),
  location: text({ max: 255 }),
  all_day: boolean(),
};

export const EventCreate = body('EventCreateRequest', {
  ...fields,
  description: withDefault(fields.description, ''),
  hex_color: withDefault(fields.hex_color, '#3788d8'),
  location: withDefault(fields.location, ''),
  all_day: withDefault(fields.all_day, false),
  branch_id: nullable(integer()),
});
export const EventPatch = body('PatchedEventUpdateRequest', optional(fields));

export type EventCreateInput = ReturnType<typeof EventCreate.parse>;
export type EventPatchInput = ReturnType<typeof EventPatch.parse>;

export const EventOutput = component(
  'EventOutput',
  Type.Object({
    id: idOutput(),
    title: Type.String({ maxLength: 200 }),
    description: Type.String(),
    start: timeOutput({}),
    end: timeOutput({}),
    duration: nameOutput(),
    duration_minutes: Type.Integer(readOnly),
    assigned_to: relatedOutput(),
    assigned_to_name: nameOutput(),
    assigned_to_full_name: nameOutput(),
    hex_color: Type.String({ maxLength: 7 }),
    location: Type.String({ maxLength: 255 }),
    all_day: Type.Boolean(),
    branch: relatedOutput(),
    branch_id: relatedOutput(readOnly),
    branch_name: nameOutput(),
    created_by: relatedOutput(),
    created_by_name: nameOutput(),
    created_at: timeOutput(),
    updated_by: relatedOutput(),
    updated_by_name: nameOutput(),
    updated_at: timeOutput(),
    is_past: Type.Boolean(readOnly),
    is_ongoing: Type.Boolean(readOnly),
    is_upcoming: Type.Boolean(readOnly),
  }),
);
export type EventOutput = Static<typeof EventOutput>;
