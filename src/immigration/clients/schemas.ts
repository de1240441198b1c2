import { type Static, Type } from '@sinclair/typebox';
import { component } from '../../http/component.js';
import { countrySchema } from '../../http/fields/countries.js';
import { nullableSchema } from '../../http/fields/field.js';
import { orBlank } from '../../http/fields/text.js';
import { GENDERS, STAGES } from '../shared/client-fields.js';
import {
  countOutput,
  dayOutput,
  idOutput,
  nameOutput,
  readOnly,
  relatedOutput,
  timeOutput,
} from '../shared/output.js';

export {
  ClientCreate,
  type ClientCreateInput,
  ClientPatch,
  ClientUpdate,
  type ClientUpdateInput,
  STAGES,
} from '../shared/client-fields.js';

export const ClientOutput = component(
  'ClientOutput',
  Type.Object({
    id: idOutput(),
    first_name: Type.String({ maxLength: 100 }),
    middle_name: Type.String({ maxLength: 100 }),
    last_name: Type.String({ maxLength: 100 }),
    gender: orBlank({ type: 'string', enum: GENDERS }),
    dob: nullableSchema(dayOutput()),
    phone_number: Type.String({ maxLength: 15 }),
    email: orBlank({ type: 'string', format: 'email', maxLength: 254 }),
    referred_by: Type.String({ maxLength: 100 }),
    street: Type.String({ maxLength: 100 }),
    suburb: Type.String({ maxLength: 100 }),
    state: Type.String({ maxLength: 100 }),
    postcode: Type.String({ maxLength: 20 }),
    country: countrySchema,
    visa_category: relatedOutput(),
    visa_category_name: nameOutput(),
    agent: relatedOutput(),
    agent_name: nameOutput(),
    description: Type.String(),
    assigned_to: relatedOutput(),
    assigned_to_name: nameOutput(),
    stage: orBlank({ type: 'string', enum: STAGES }),
    active: Type.Boolean(),
    branch: relatedOutput(),
    branch_name: nameOutput(),
    created_by: relatedOutput(readOnly),
    created_by_name: nameOutput(),
    created_at: timeOutput(),
    updated_by: relatedOutput(readOnly),
    updated_at: timeOutput(),
  }),
);
export type ClientOutput = Static<typeof ClientOutput>;

const count = () => countOutput({ readOnly: true, default: 0 });

export const ClientStageCount = component(
  'ClientStageCount',
  Type.Object({ LEAD: count(), FOLLOW_UP: count(), CLIENT: count(), CLOSE: count(), TOTAL: count() }),
);
