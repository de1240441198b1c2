import { type Static, Type } from '@sinclair/typebox';
import { component } from '../../http/component.js';
import { body, optional } from '../../http/fields/body.js';
import { LONGEST_ITEM } from '../../http/fields/bounds.js';
import { nullable, nullableSchema, required } from '../../http/fields/field.js';
import { list } from '../../http/fields/list.js';
import { integer } from '../../http/fields/scalar.js';
import { text } from '../../http/fields/text.js';
import { idOutput } from '../shared/output.js';

const fields = {
  visa_category_id: required(integer()),
  name: required(text({ min: 1, max: 100 })),
  code: text({ max: 50 }),
  description: text(),
  checklist: list(text({ min: 1, max: LONGEST_ITEM })),
};

const categoryFields = {
  name: required(text({ min: 1, max: 100 })),
  /** Blank is stored as null, since codes are unique and several categories may have none. */
  code: nullable(text({ max: 20 })),
  description: text(),
};

export const VisaCategoryRequest = body('VisaCategoryRequest', categoryFields);
export const VisaCategoryPatch = body('PatchedVisaCategoryRequest', optional(categoryFields));

export type VisaCategoryInput = ReturnType<typeof VisaCategoryRequest.parse>;
export type VisaCategoryChange = ReturnType<typeof VisaCategoryPatch.parse>;

export const VisaTypeCreate = body('VisaTypeCreateRequest', fields);
export const VisaTypePatch = body('PatchedVisaTypeUpdateRequest', optional(fields));

export type VisaTypeCreateInput = ReturnType<typeof VisaTypeCreate.parse>;
export type VisaTypePatchInput = ReturnType<typeof VisaTypePatch.parse>;

export const VisaCategoryOutput = component(
  'VisaCategoryOutput',
  Type.Object({
    id: idOutput(),
    name: Type.String({ maxLength: 100 }),
    code: nullableSchema(Type.String({ maxLength: 20 })),
    description: Type.String(),
  }),
);
export type VisaCategoryOutput = Static<typeof VisaCategoryOutput>;

export const VisaTypeOutput = component(
  'VisaTypeOutput',
  Type.Object({
    id: idOutput(),
    visa_category: Type.Unsafe<VisaCategoryOutput>({ ...VisaCategoryOutput, readOnly: true }),
    visa_category_name: Type.String({ readOnly: true }),
    name: Type.String({ maxLength: 100 }),
    code: Type.String({ maxLength: 50 }),
    description: Type.String(),
    checklist: Type.Array(Type.String()),
  }),
);
export type VisaTypeOutput = Static<typeof VisaTypeOutput>;
