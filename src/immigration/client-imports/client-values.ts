import { type Sql, sql } from '../../database/sql.js';
import type { ClientCreateInput } from '../shared/client-fields.js';

/** All columns of a client that an import writes, as stored. */
export type ClientValues = Required<ClientCreateInput>;
export type ClientField = keyof ClientValues;

/** The values of a client's columns by default. */
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

/** Returns these columns of the row with this alias, a constant of the program. */
export function columnsOf(alias: string): Sql {
  return sql.join(CLIENT_FIELDS.map((field) => sql.ref(`${alias}.${field}`)));
}

/** The names of the columns, for INSERT and UPDATE. */
export const COLUMN_NAMES = sql.join(CLIENT_FIELDS.map((field) => sql.ref(field)));

/** Returns the SQL for a hash of these columns of row `r`, in order; it changes when any of them does. */
export function stateOf(fields: readonly string[]): Sql<string> {
  return sql<string>`md5(ROW(${sql.join(fields.map((field) => sql.ref(`r.${field}`)))})::text)::uuid`;
}
