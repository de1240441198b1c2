import { type Static, Type } from '@sinclair/typebox';
import { component } from '../../http/component.js';
import { body, optional } from '../../http/fields/body.js';
import { nullable, required } from '../../http/fields/field.js';
import { integer } from '../../http/fields/scalar.js';
import { text } from '../../http/fields/text.js';
import { relatedOutput, timeOutput } from '../shared/output.js';
import { newPlaces } from './new-places.js';

const fields = {
  stage_name: required(text({ min: 1, max: 100 })),
  description: text(),
};

export const StageCreate = body('StageCreateRequest', {
  application_type_id: required(integer()),
  ...fields,
  position: nullable(integer({ min: 1 })),
});
export const StageUpdate = body('StageUpdateRequest', optional(fields));
export const StageReorder = body('StageReorderRequest', {
  application_type_id: required(integer()),
  stages: required(newPlaces()),
});

export type StageCreateInput = ReturnType<typeof StageCreate.parse>;
export type StageUpdateInput = ReturnType<typeof StageUpdate.parse>;
export type StageReorderInput = ReturnType<typeof StageReorder.parse>;

export const StageOutput = component(
  'StageOutput',
  Type.Object({
    id: Type.Integer(),
    application_type: Type.Integer(),
    application_type_title: Type.String(),
    stage_name: Type.String({ maxLength: 100 }),
    position: Type.Integer({ minimum: 1 }),
    description: Type.String(),
    is_final_stage: Type.Boolean(),
    created_by: relatedOutput(),
    created_at: timeOutput({}),
    updated_by: relatedOutput(),
    updated_at: timeOutput({}),
  }),
);
export type StageOutput = Static<typeof StageOutput>;
