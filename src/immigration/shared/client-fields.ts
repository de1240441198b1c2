import type { TenantTables } from '../../database/generated/tables.js';
import { body, optional } from '../../http/fields/body.js';
import { country } from '../../http/fields/countries.js';
import { type Field, nullable, required, withDefault } from '../../http/fields/field.js';
import { boolean, date, integer } from '../../http/fields/scalar.js';
import { choice, email, text } from '../../http/fields/text.js';

// The fields of a client, each once. Bodies, answers, imports and exports follow from it, and the compiler
// holds it against the columns of the table (docs/adding-a-field.md).

export const STAGES = ['LEAD', 'FOLLOW_UP', 'CLIENT', 'CLOSE'] as const;
export const GENDERS = ['MALE', 'FEMALE', 'OTHER'] as const;

export const CLIENT_FIELDS = {
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
} satisfies Record<Exclude<keyof TenantTables['immigration_client'], NoField>, Field>;

/** The columns of clients that nobody fills in. */
type NoField = 'id' | 'created_by_id' | 'created_at' | 'updated_by_id' | 'updated_at' | 'deleted_at';

export const ClientCreate = body('ClientCreateRequest', {
  ...CLIENT_FIELDS,
  active: withDefault(CLIENT_FIELDS.active, false),
});
export const ClientUpdate = body('ClientUpdateRequest', optional(CLIENT_FIELDS));
export const ClientPatch = body('PatchedClientUpdateRequest', optional(CLIENT_FIELDS));

export type ClientField = keyof typeof CLIENT_FIELDS;
/** A field that holds the id of another record. */
export type ClientLink = Extract<ClientField, `${string}_id`>;
export const CLIENT_LINKS = Object.keys(CLIENT_FIELDS).filter((name): name is ClientLink =>
  name.endsWith('_id'),
);

export type ClientCreateInput = ReturnType<typeof ClientCreate.parse>;
export type ClientUpdateInput = ReturnType<typeof ClientUpdate.parse>;
