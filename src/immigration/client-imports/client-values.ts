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

/** A hash of all of them: it differs when any of them does. */
export const STATE = sql<string>`md5(ROW(${columnsOf('r')})::text)::uuid`;

/** Whether another client is to be found by the same address. */
export function emailKey(email: string | undefined): string | null {
  return email?.trim().toLowerCase() || null;
}

const SHORTEST_NUMBER = 6;

/** The digits of a phone number; too few of them are no number (`n/a`, an extension). */
export function phoneKey(number: string | undefined): string | null {
  const digits = number?.replace(/[^0-9]/g, '') ?? '';
  return digits.length >= SHORTEST_NUMBER ? digits : null;
}
