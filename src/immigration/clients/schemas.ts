import { type Static, Type } from '@sinclair/typebox';
import { component } from '../../http/component.js';
import { body, optional } from '../../http/fields/body.js';
import { country, countrySchema } from '../../http/fields/countries.js';
import { nullable, nullableSchema, required, withDefault } from '../../http/fields/field.js';
import { boolean, date, integer } from '../../http/fields/scalar.js';
import { choice, email, text } from '../../http/fields/text.js';

export const STAGES = ['LEAD', 'FOLLOW_UP', 'CLIENT', 'CLOSE'] as const;
export const GENDERS = ['MALE', 'FEMALE', 'OTHER'] as const;

const fields = {
  first_name: required(text({ min: 1, max: 100 })),
  middle_name: text({ max: 100 }),
  last_name: text({ max: 100 }),
  email: email(),
  phone_number: text({ max: 15 }),
  gender: required(choice(GENDERS)),
  dob: nullable(date()),
  country: required(country({ mandatory: true })),
  street: text({ max: 100 }),
  suburb: text({ max: 100 }),
  state: text({ max: 100 }),
  postcode: text({ max: 20 }),
  visa_category_id: nullable(integer()),
  agent_id: nullable(integer()),
  assigned_to_id: nullable(integer()),
  stage: choice(STAGES, { blankAs: 'LEAD' }),
  referred_by: text({ max: 100 }),
  description: text(),
  active: boolean(),
  branch_id: nullable(integer()),
};

export const ClientCreate = body('ClientCreateRequest', { ...fields, active: withDefault(boolean(), false) });
export const ClientUpdate = body('ClientUpdateRequest', optional(fields));
export const ClientPatch = body('PatchedClientUpdateRequest', optional(fields));

export type ClientCreateInput = ReturnType<typeof ClientCreate.parse>;
export type ClientUpdateInput = ReturnType<typeof ClientUpdate.parse>;

const name = () => nullableSchema(Type.String({ readOnly: true }));
const id = () => nullableSchema(Type.Integer());
const time = () => Type.String({ format: 'date-time', readOnly: true });
const orBlank = (schema: object) => Type.Unsafe<string>({ oneOf: [schema, { enum: [''] }] });

export const ClientOutput = component(
  'ClientOutput',
  Type.Object({
    id: Type.Integer({ readOnly: true }),
    first_name: Type.String({ maxLength: 100 }),
    middle_name: Type.String({ maxLength: 100 }),
    last_name: Type.String({ maxLength: 100 }),
    gender: orBlank({ type: 'string', enum: GENDERS }),
    dob: nullableSchema(Type.String({ format: 'date' })),
    phone_number: Type.String({ maxLength: 15 }),
    email: orBlank({ type: 'string', format: 'email', maxLength: 254 }),
    referred_by: Type.String({ maxLength: 100 }),
    street: Type.String({ maxLength: 100 }),
    suburb: Type.String({ maxLength: 100 }),
    state: Type.String({ maxLength: 100 }),
    postcode: Type.String({ maxLength: 20 }),
    country: countrySchema,
    visa_category: id(),
    visa_category_name: name(),
    agent: id(),
    agent_name: name(),
    description: Type.String(),
    assigned_to: id(),
    assigned_to_name: name(),
    stage: orBlank({ type: 'string', enum: STAGES }),
    active: Type.Boolean(),
    branch: id(),
    branch_name: name(),
    created_by: nullableSchema(Type.Integer({ readOnly: true })),
    created_by_name: name(),
    created_at: time(),
    updated_by: nullableSchema(Type.Integer({ readOnly: true })),
    updated_at: time(),
  }),
);
export type ClientOutput = Static<typeof ClientOutput>;

const count = () => Type.Integer({ readOnly: true, default: 0 });

export const ClientStageCount = component(
  'ClientStageCount',
  Type.Object({ LEAD: count(), FOLLOW_UP: count(), CLIENT: count(), CLOSE: count(), TOTAL: count() }),
);
