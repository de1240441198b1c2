import { type RawBuilder, sql } from '../../database/queries.js';
import type { ClientCreateInput } from '../shared/client-fields.js';

/** All that an import writes of a client, as the database has it. */
export type ClientValues = Required<ClientCreateInput>;
export type ClientField = keyof ClientValues;

/** What a client has where nothing is given. */
export const BLANK: ClientValues = {
  first_name: '',
  middle_name: '',
  last_name: '',
  email: '',
  phone_number: '',
  gender: 'OTHER',
  dob: null,
  country: '',
  street: '',
  suburb: '',
  state: '',
  postcode: '',
  visa_category_id: null,
  agent_id: null,
  assigned_to_id: null,
  stage: 'LEAD',
  referred_by: '',
  description: '',
  active: false,
  branch_id: null,
};

export const CLIENT_FIELDS = Object.keys(BLANK) as ClientField[];

/** These columns of the row with this alias, a constant of the program. */
export function columnsOf(alias: string): RawBuilder<unknown> {
  return sql.join(CLIENT_FIELDS.map((field) => sql.ref(`${alias}.${field}`)));
}

/** Their names alone, as INSERT and UPDATE want them. */
export const COLUMN_NAMES = sql.join(CLIENT_FIELDS.map((field) => sql.ref(field)));

/** Returns the SQL for a hash of these columns of row `r`, in order; it changes when any of them does. */
export function stateOf(fields: readonly string[]): RawBuilder<string> {
  return sql<string>`md5(ROW(${sql.join(fields.map((field) => sql.ref(`r.${field}`)))})::text)::uuid`;
}
