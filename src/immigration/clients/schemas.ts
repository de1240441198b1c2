import { type Static, Type } from '@sinclair/typebox';
import { component } from '../../http/component.js';
import { countrySchema } from '../../http/fields/countries.js';
import { orBlank } from '../../http/fields/text.js';
import { CLIENT_FIELDS } from '../shared/client-fields.js';
import {
  countOutput,
  idOutput,
  inOrder,
  nameOutput,
  outputsOf,
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

const {
  visa_category_id: visa_category,
  agent_id: agent,
  assigned_to_id: assigned_to,
  branch_id: branch,
  ...shown
} = outputsOf(CLIENT_FIELDS);

/** The contract's fields in its order. */
const ORDER = `
  id first_name middle_name last_name gender dob phone_number email referred_by street suburb state postcode country
  visa_category visa_category_name agent agent_name description assigned_to assigned_to_name stage active branch
  branch_name created_by created_by_name created_at updated_by updated_at`;

export const ClientOutput = component(
  'ClientOutput',
  Type.Object(
    inOrder(ORDER, {
      id: idOutput(),
      ...shown,
      gender: orBlank(shown.gender),
      country: countrySchema,
      visa_category,
      visa_category_name: nameOutput(),
      agent,
      agent_name: nameOutput(),
      assigned_to,
      assigned_to_name: nameOutput(),
      branch,
      branch_name: nameOutput(),
      created_by: relatedOutput(readOnly),
      created_by_name: nameOutput(),
      created_at: timeOutput(),
      updated_by: relatedOutput(readOnly),
      updated_at: timeOutput(),
    }),
  ),
);
export type ClientOutput = Static<typeof ClientOutput>;

const count = () => countOutput({ readOnly: true, default: 0 });

export const ClientStageCount = component(
  'ClientStageCount',
  Type.Object({ LEAD: count(), FOLLOW_UP: count(), CLIENT: count(), CLOSE: count(), TOTAL: count() }),
);
