import { type Static, Type } from '@sinclair/typebox';
import { component } from '../../http/component.js';
import { body, optional } from '../../http/fields/body.js';
import { country } from '../../http/fields/countries.js';
import { nullableSchema, required } from '../../http/fields/field.js';
import { choice, email, orBlank, text } from '../../http/fields/text.js';
import { url } from '../../http/fields/url.js';
import { choiceOutput, idOutput, labelOutput, stampsOutput } from '../shared/output.js';

export const AGENT_TYPES = ['SUPER_AGENT', 'SUB_AGENT'] as const;

const fields = {
  agent_name: required(text({ min: 1, max: 100 })),
  agent_type: required(choice(AGENT_TYPES)),
  company_name: text({ max: 100 }),
  designation: text({ max: 100 }),
  phone_number: text({ max: 15 }),
  email: email(),
  website: url({ max: 100 }),
  invoice_to: text({ max: 100 }),
  street: text({ max: 100 }),
  suburb: text({ max: 100 }),
  state: text({ max: 100 }),
  postcode: text({ max: 20 }),
  country: country(),
  description: text(),
};

export const AgentCreate = body('AgentCreateRequest', fields);
export const AgentUpdate = body('AgentUpdateRequest', optional(fields));
export const AgentPatch = body('PatchedAgentUpdateRequest', optional(fields));

export type AgentCreateInput = ReturnType<typeof AgentCreate.parse>;
export type AgentUpdateInput = ReturnType<typeof AgentUpdate.parse>;

export const AgentOutput = component(
  'AgentOutput',
  Type.Object({
    id: idOutput(),
    agent_name: Type.String({ maxLength: 100 }),
    agent_type: choiceOutput(AGENT_TYPES),
    agent_type_display: labelOutput(),
    company_name: Type.String({ maxLength: 100 }),
    designation: Type.String({ maxLength: 100 }),
    phone_number: Type.String({ maxLength: 15 }),
    email: nullableSchema(orBlank({ type: 'string', format: 'email', maxLength: 254 })),
    website: orBlank({ type: 'string', format: 'uri', maxLength: 100 }),
    invoice_to: Type.String({ maxLength: 100 }),
    street: Type.String({ maxLength: 100 }),
    suburb: Type.String({ maxLength: 100 }),
    state: Type.String({ maxLength: 100 }),
    postcode: Type.String({ maxLength: 20 }),
    country: nullableSchema(Type.String({ readOnly: true })),
    description: Type.String(),
    ...stampsOutput(),
  }),
);
export type AgentOutput = Static<typeof AgentOutput>;
