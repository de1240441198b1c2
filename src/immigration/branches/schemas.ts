import { type Static, Type } from '@sinclair/typebox';
import { component } from '../../http/component.js';
import { body, optional } from '../../http/fields/body.js';
import { country } from '../../http/fields/countries.js';
import { nullable, required } from '../../http/fields/field.js';
import { integer } from '../../http/fields/scalar.js';
import { text } from '../../http/fields/text.js';
import { idOutput, nameOutput, optionOutput, relatedOutput, stampsOutput } from '../shared/output.js';

const fields = {
  name: required(text({ min: 1, max: 100 })),
  region_id: nullable(integer()),
  phone: text({ max: 15 }),
  website: text({ max: 100 }),
  street: text({ max: 100 }),
  suburb: text({ max: 100 }),
  state: text({ max: 100 }),
  postcode: text({ max: 20 }),
  country: country(),
};

export const BranchCreate = body('BranchCreateRequest', fields);
export const BranchUpdate = body('BranchUpdateRequest', optional(fields));
export const BranchPatch = body('PatchedBranchUpdateRequest', optional(fields));

export type BranchCreateInput = ReturnType<typeof BranchCreate.parse>;
export type BranchUpdateInput = ReturnType<typeof BranchUpdate.parse>;

export const BranchOutput = component(
  'BranchOutput',
  Type.Object({
    id: idOutput(),
    name: Type.String({ maxLength: 100 }),
    region: relatedOutput(),
    region_name: nameOutput(),
    phone: Type.String({ maxLength: 15 }),
    website: Type.String({ maxLength: 100 }),
    street: Type.String({ maxLength: 100 }),
    suburb: Type.String({ maxLength: 100 }),
    state: Type.String({ maxLength: 100 }),
    postcode: Type.String({ maxLength: 20 }),
    country: Type.String({ maxLength: 2 }),
    ...stampsOutput(),
  }),
);
export type BranchOutput = Static<typeof BranchOutput>;

export const BranchOption = component('BranchOption', Type.Object(optionOutput()));
export type BranchOption = Static<typeof BranchOption>;
