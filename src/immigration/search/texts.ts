import { type Sql, sql } from '../../database/sql.js';
import { separated } from './matching.js';

// The searched texts of records, each as an index or a table of 0035_folded_search.sql holds it. Rows are called `r`,
// except those of clients `s` (of client_search) and those of applications `a`.

const folded = (...columns: string[]): Sql<string> =>
  sql`public.fold_text(${separated(columns.map((column) => sql`coalesce(${sql.ref(column)}, '')`))})`;
const number = (column: string): Sql<string> => separated([sql`public.fold_text(${sql.ref(column)})`]);

export const CLIENT: Sql<string> = sql`s.text`;
/** A client's name alone. */
export const NAMES: Sql<string> = sql`s.names`;
export const AGENT = folded('r.agent_name', 'r.company_name', 'r.email', 'r.phone_number');
export const INSTITUTE = folded('r.name', 'r.short_name');
export const VISA_TYPE = folded('r.name', 'r.code');
export const REFERENCE_NUMBER = number('a.transaction_reference_no');
export const STUDENT_ID = number('a.student_id');
