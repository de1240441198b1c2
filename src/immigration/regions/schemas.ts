import { type Static, Type } from '@sinclair/typebox';
import { component } from '../../http/component.js';
import { body, optional } from '../../http/fields/body.js';
import { required } from '../../http/fields/field.js';
import { text } from '../../http/fields/text.js';
import { idOutput, timeOutput } from '../shared/output.js';

const fields = {
  name: required(text({ min: 1, max: 100 })),
  description: text({ max: 1000 }),
};

export const RegionCreate = body('RegionCreateRequest', fields);
export const RegionUpdate = body('RegionUpdateRequest', optional(fields));
export const RegionPatch = body('PatchedRegionUpdateRequest', optional(fields));

export type RegionCreateInput = ReturnType<typeof RegionCreate.parse>;
export type RegionUpdateInput = ReturnType<typeof RegionUpdate.parse>;

export const RegionOutput = component(
  'RegionOutput',
  Type.Object({
    id: idOutput(),
    name: Type.String({ maxLength: 100 }),
    description: Type.String(),
    branch_count: Type.Integer({ readOnly: true }),
    created_at: timeOutput(),
    updated_at: timeOutput(),
  }),
);
export type RegionOutput = Static<typeof RegionOutput>;
