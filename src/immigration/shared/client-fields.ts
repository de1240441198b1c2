import { body, optional } from '../../http/fields/body.js';
import { country } from '../../http/fields/countries.js';
import { nullable, required, withDefault } from '../../http/fields/field.js';
import { boolean, date, integer } from '../../http/fields/scalar.js';
import { choice, email, text } from '../../http/fields/text.js';

// The fields of a client and their parsing, the same for the API and for files.

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
