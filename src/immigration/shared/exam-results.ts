import { type Sql, sql } from '../../database/sql.js';
import type { Expiring } from './expiry-reminders.js';

// The expiry of language exams' results, for their reminders.

/** The last date that the API can write. */
const LAST_DATE = sql`date '9999-12-31'`;

/** Returns the date this many years (of an exam's validity term; 0: for ever) after a test. */
function expiryOf(testDate: Sql, term: Sql): Sql<string | null> {
  return sql`CASE WHEN ${term} > 0 AND ${testDate} IS NOT NULL
    THEN least((${testDate} + make_interval(years => ${term}))::date, ${LAST_DATE}) END`;
}

/** Returns a client's result, whether it is stored already or not. */
export function examResult(result: {
  readonly id: number;
  readonly client_id: number;
  readonly test_name_id: number | null;
  readonly test_date: string | null;
}): Sql<Expiring> {
  return sql`
    SELECT ${result.id}::bigint AS id, ${result.client_id}::bigint AS client_id, l.name AS what,
           ${expiryOf(sql`${result.test_date}::date`, sql`l.validity_term`)} AS expiry
    FROM immigration_lpe l WHERE l.id = ${result.test_name_id}::bigint`;
}

/** Returns all results of an exam. @param term the validity that it gets */
export function resultsOfExam(id: number, term: number): Sql<Expiring> {
  return sql`
    SELECT p.id, p.client_id, l.name AS what, ${expiryOf(sql`p.test_date`, sql`${term}::integer`)} AS expiry
    FROM immigration_proficiency p JOIN immigration_lpe l ON l.id = p.test_name_id
    WHERE l.id = ${id}::bigint`;
}
