import { type Static, Type } from '@sinclair/typebox';
import { component } from '../../http/component.js';
import { countrySchema } from '../../http/fields/countries.js';
import { nullableSchema } from '../../http/fields/field.js';
import { GENDERS, STAGES } from '../shared/client-fields.js';

export {
  ClientCreate,
  type ClientCreateInput,
  ClientPatch,
  ClientUpdate,
  type ClientUpdateInput,
  STAGES,
} from '../shared/client-fields.js';

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
