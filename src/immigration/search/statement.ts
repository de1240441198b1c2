import type { CurrentUser } from '../../auth/current-user.js';
import { branchInScope, scopeOf } from '../../auth/scope.js';
import { type Sql, sql } from '../../database/sql.js';
import { onePlan, type Statement } from '../../database/statement.js';
import { clientInScope } from '../shared/client-access.js';
import type { TrigramShares } from '../shared/trigram-shares.js';
import { fits, isIndexed, type Sought, score } from './matching.js';
import type { SearchedKind, SearchResult } from './schemas.js';
import { AGENT, CLIENT, INSTITUTE, REFERENCE_NUMBER, STUDENT_ID, VISA_TYPE } from './texts.js';

type Rows = Sql<SearchResult>;

/** Number of best-matching clients whose applications are found. */
const CLIENTS = 200;
/** Number of best-matching visa types or institutes whose applications are found. */
const CHOICES = 10;
/** Maximum number of matching numbers that are compared; if there are more, chance decides which. */
const NUMBERS = 500;
/** An application found by its client ranks behind the client. */
const BY_CLIENT = 0.95;
/** And one found by its visa type or institute, which many share, behind one found by its own data. */
const BY_CHOICE = 0.9;

const NAME = sql<string>`concat_ws(' ', nullif(r.first_name, ''), nullif(r.middle_name, ''), nullif(r.last_name, ''))`;

/** Returns a line of the details that are not empty. */
const details = (...columns: Sql[]): Sql<string> =>
  sql`concat_ws(' · ', ${sql.join(columns.map((column) => sql`nullif(${column}, '')`))})`;

/** Returns the condition that row `s` of client_search is in scope and its client is not archived. */
export function searchedInScope(user: CurrentUser): Sql<boolean> {
  return sql`(NOT s.archived AND ${branchInScope(scopeOf(user), 's.branch_id')})`;
}

/**
 * Returns the statement that finds records in the user's scope, limited for each of these kinds. Applications are found
 * by their numbers only where an index can find these: they contain no Chinese characters.
 * @param kinds those that the user may see; at least one
 * @param shares of trigrams in the texts of clients
 */
export function searchStatement(
  user: CurrentUser,
  kinds: readonly SearchedKind[],
  sought: Sought,
  limit: number,
  shares?: TrigramShares,
): Statement<SearchResult> {
  const parts: Record<SearchedKind, () => Rows> = {
    client: () => sql`
      SELECT 'client' AS kind, r.id, ${NAME} AS title, ${details(sql`r.email`, sql`r.phone_number`)} AS subtitle,
             r.id AS client, f.score
      FROM ${best(sql`SELECT id, score FROM found_client`, limit)} f
      JOIN immigration_client r ON r.id = f.id`,
    visa_application: () => visaApplications(user, sought, limit),
    college_application: () => collegeApplications(user, sought, limit),
    agent: () => sql`
      SELECT 'agent' AS kind, r.id, r.agent_name AS title, ${details(sql`r.company_name`, sql`r.email`)} AS subtitle,
             NULL::bigint AS client, ${score(sought, AGENT)} AS score
      FROM immigration_agent r WHERE r.deleted_at IS NULL AND ${fits(sought, AGENT)}`,
    institute: () => sql`
      SELECT 'institute' AS kind, f.id, f.name AS title, f.short_name AS subtitle, NULL::bigint AS client, f.score
      FROM found_institute f`,
  };
  const statement: Rows = sql`
    WITH found_client AS MATERIALIZED (${best(
      sql`SELECT s.client_id AS id, ${score(sought, CLIENT)} AS score
          FROM client_search s WHERE ${fits(sought, CLIENT, shares)} AND ${searchedInScope(user)}`,
      CLIENTS,
    )}), found_institute AS MATERIALIZED (${best(
      sql`SELECT r.id, r.name, r.short_name, ${score(sought, INSTITUTE)} AS score
          FROM immigration_institute r WHERE r.deleted_at IS NULL AND ${fits(sought, INSTITUTE)}`,
      Math.max(CHOICES, limit),
    )})
    ${sql.join(
      kinds.map((kind) => best(parts[kind](), limit)),
      sql` UNION ALL `,
    )}`;
  return isIndexed(sought) ? onePlan(statement) : statement;
}

/** Returns the best-matching rows, of equal ones the newest. */
function best<Row>(rows: Sql<Row>, limit: number): Sql<Row> {
  return sql`(${rows} ORDER BY score DESC, id DESC LIMIT ${limit}::bigint)`;
}

const titleOf = sql<string>`(SELECT ${NAME} FROM immigration_client r WHERE r.id = a.client_id)`;

function visaApplications(user: CurrentUser, sought: Sought, limit: number): Rows {
  const there = clientInScope(scopeOf(user), 'a.client_id');
  return sql`
    SELECT 'visa_application' AS kind, a.id, ${titleOf} AS title,
           (SELECT ${details(sql`r.name`, sql`a.status`, sql`a.transaction_reference_no`)}
            FROM immigration_visatype r WHERE r.id = a.visa_type_id) AS subtitle,
           a.client_id AS client, f.score
    FROM (${bestOfEach(
      [
        sql`SELECT a.id, f.score * ${sql.lit(BY_CLIENT)} AS score
            FROM found_client f JOIN immigration_visaapplication a ON a.client_id = f.id`,
        isIndexed(sought) &&
          sql`SELECT a.id, ${score(sought, REFERENCE_NUMBER)} AS score
              FROM (SELECT a.* FROM immigration_visaapplication a WHERE ${fits(sought, REFERENCE_NUMBER)} AND ${there}
                    LIMIT ${sql.lit(NUMBERS)}) a`,
        sql`SELECT a.id, t.score * ${sql.lit(BY_CHOICE)} AS score
            FROM ${best(
              sql`SELECT r.id, ${score(sought, VISA_TYPE)} AS score
                  FROM immigration_visatype r WHERE ${fits(sought, VISA_TYPE)}`,
              CHOICES,
            )} t
            JOIN immigration_visaapplication a ON a.visa_type_id = t.id WHERE ${there}`,
      ],
      limit,
    )}) f JOIN immigration_visaapplication a ON a.id = f.id`;
}

function collegeApplications(user: CurrentUser, sought: Sought, limit: number): Rows {
  const there = sql`a.deleted_at IS NULL AND ${clientInScope(scopeOf(user), 'a.client_id')}`;
  return sql`
    SELECT 'college_application' AS kind, a.id, ${titleOf} AS title,
           concat_ws(' · ', (SELECT name FROM immigration_institute WHERE id = a.institute_id),
                     (SELECT name FROM immigration_course WHERE id = a.course_id), nullif(a.student_id, '')) AS subtitle,
           a.client_id AS client, f.score
    FROM (${bestOfEach(
      [
        sql`SELECT a.id, f.score * ${sql.lit(BY_CLIENT)} AS score
            FROM found_client f JOIN immigration_collegeapplication a ON a.client_id = f.id
            WHERE a.deleted_at IS NULL`,
        isIndexed(sought) &&
          sql`SELECT a.id, ${score(sought, STUDENT_ID)} AS score
              FROM (SELECT a.* FROM immigration_collegeapplication a WHERE ${fits(sought, STUDENT_ID)} AND ${there}
                    LIMIT ${sql.lit(NUMBERS)}) a`,
        sql`SELECT a.id, i.score * ${sql.lit(BY_CHOICE)} AS score
            FROM ${best(sql`SELECT id, score FROM found_institute`, CHOICES)} i
            JOIN immigration_collegeapplication a ON a.institute_id = i.id WHERE ${there}`,
      ],
      limit,
    )}) f JOIN immigration_collegeapplication a ON a.id = f.id`;
}

/** Combines several ways to find the same records: the best-matching, each once. */
function bestOfEach(ways: readonly (Sql | false)[], limit: number): Sql {
  const all = sql.join(
    ways.filter((way) => way !== false).map((way) => best(way, limit)),
    sql` UNION ALL `,
  );
  return best(sql`SELECT id, max(score) AS score FROM (${all}) every GROUP BY id`, limit);
}
