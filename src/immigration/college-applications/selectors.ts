import type { CurrentUser } from '../../auth/current-user.js';
import { scopeOf } from '../../auth/scope.js';
import { allOf } from '../../database/conditions.js';
import { type RawBuilder, sql } from '../../database/queries.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import type { UserRequest } from '../../routing/route.js';
import { applicationBranch, checkApplicationScope, clientNameFilter } from '../shared/application-access.js';
import { clientInScope } from '../shared/client-access.js';
import { countryName } from '../shared/country-names.js';
import { idFilter } from '../shared/filters.js';
import { IN_FINAL_STAGE } from '../shared/final-stage.js';
import { momentInRange, readMomentRange } from '../shared/moment-range.js';
import { pageOf } from '../shared/page-of.js';
import { fullName, nameOf } from '../shared/people.js';
import { Records } from '../shared/records.js';
import { TenantTime } from '../shared/tenant-time.js';
import type { CollegeApplicationOutput, CollegeStageCounts } from './schemas.js';

/** What an application is called in refusals. */
export const WHAT = 'college application';

/** An application as the database gives it; `shown` makes the API's form of it. */
export type CollegeApplicationRow = Omit<CollegeApplicationOutput, 'location_display'> & {
  readonly location_state: string;
  readonly location_country: string;
};

const agentName = (column: string): RawBuilder<string> =>
  sql`(SELECT agent_name FROM immigration_agent WHERE id = ${sql.ref(column)})`;
const ofStage = (column: string): RawBuilder<unknown> =>
  sql`(SELECT ${sql.ref(`s.${column}`)} FROM immigration_stage s WHERE s.id = r.stage_id)`;
const ofLocation = (column: string): RawBuilder<unknown> =>
  sql`(SELECT ${sql.ref(`l.${column}`)} FROM immigration_institute_location l WHERE l.id = r.location_id)`;

export const collegeApplications = new Records({
  table: 'immigration_collegeapplication',
  thing: 'College application',
  softDelete: true,
  columns: sql<CollegeApplicationRow>`
    r.id, r.application_type_id AS application_type,
    (SELECT title FROM immigration_applicationtype WHERE id = r.application_type_id) AS application_type_title,
    r.stage_id AS stage, ${ofStage('stage_name')} AS stage_name, ${ofStage('position')} AS stage_position,
    ${IN_FINAL_STAGE} AS is_final_stage,
    r.client_id AS client, (SELECT ${fullName('c')} FROM immigration_client c WHERE c.id = r.client_id) AS client_name,
    r.institute_id AS institute, (SELECT name FROM immigration_institute WHERE id = r.institute_id) AS institute_name,
    r.course_id AS course, (SELECT name FROM immigration_course WHERE id = r.course_id) AS course_name,
    r.start_date_id AS start_date,
    (SELECT intake_date FROM immigration_institute_intake WHERE id = r.start_date_id) AS intake_date,
    r.location_id AS location, ${ofLocation('state')} AS location_state, ${ofLocation('country')} AS location_country,
    r.finish_date, r.total_tuition_fee, r.student_id,
    r.super_agent_id AS super_agent, ${agentName('r.super_agent_id')} AS super_agent_name,
    r.sub_agent_id AS sub_agent, ${agentName('r.sub_agent_id')} AS sub_agent_name,
    r.assigned_to_id AS assigned_to, ${nameOf('r.assigned_to_id')} AS assigned_to_name, r.notes,
    r.created_by_id AS created_by, r.created_at, r.updated_by_id AS updated_by, r.updated_at`,
});

/** The API's form of an application. */
export function shown({
  location_state: state,
  location_country: country,
  ...row
}: CollegeApplicationRow): CollegeApplicationOutput {
  const parts = [state, countryName(country)].filter((part) => part !== '');
  return { ...row, location_display: parts.join(', ') };
}

/** That an application `r` is there and in scope; those of archived clients are not. */
export const inScope = (user: CurrentUser) =>
  allOf([collegeApplications.notDeleted, clientInScope(scopeOf(user), 'r.client_id')]);

/** A page of the applications in scope, newest first. @throws HttpError 400 for filters that do not parse */
export async function listCollegeApplications(
  transaction: TenantTransaction,
  user: CurrentUser,
  { query, tenant }: UserRequest,
  page: PageRequest,
): Promise<PageOf<CollegeApplicationOutput>> {
  const created = { from: 'created_after', to: 'created_before' };
  const asked = allOf([
    ...['client_id', 'application_type_id', 'stage_id', 'institute_id', 'assigned_to_id'].map((name) =>
      idFilter(query, name),
    ),
    idFilter(query, 'assigned_to', 'r.assigned_to_id'),
    idFilter(query, 'created_by', 'r.created_by_id'),
    momentInRange('r.created_at', readMomentRange(query, new TenantTime(tenant), created)),
    clientNameFilter(query),
    inScope(user),
  ]);
  const rows = sql<CollegeApplicationRow>`
    ${collegeApplications.from()} WHERE ${asked} ORDER BY r.created_at DESC, r.id DESC`;
  const { count, items } = await pageOf(transaction, collegeApplications.counting(asked), rows, page);
  return { count, items: items.map(shown) };
}

/** One application. @throws HttpError 404; 403 when its client is out of scope */
export async function readCollegeApplication(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<CollegeApplicationOutput> {
  const finding = transaction.query(applicationBranch('immigration_collegeapplication', id));
  const [application, [found]] = await Promise.all([collegeApplications.read(transaction, id), finding]);
  checkApplicationScope(user, WHAT, id, found);
  return shown(application);
}

/**
 * How many applications in scope stand in each stage, and in all; of one type where the request asks for it.
 * @throws HttpError 400 for a type's id that is no number
 */
export async function collegeStageCounts(
  transaction: TenantTransaction,
  user: CurrentUser,
  query: QueryParameters,
): Promise<CollegeStageCounts> {
  const ofType = allOf([idFilter(query, 'application_type_id', 's.application_type_id')]);
  const rows = await transaction.last(sql<CollegeStageCounts['by_stage'][number]>`
    SELECT s.id AS stage_id, s.stage_name, s.position, coalesce(counted.count, 0) AS count
    FROM immigration_stage s
    JOIN immigration_applicationtype t ON t.id = s.application_type_id AND t.deleted_at IS NULL
    LEFT JOIN (SELECT r.stage_id, count(*) AS count FROM immigration_collegeapplication r
               WHERE ${inScope(user)} GROUP BY r.stage_id) counted ON counted.stage_id = s.id
    WHERE ${ofType} ORDER BY t.title, t.id, s.position`);
  return { total: rows.reduce((total, { count }) => total + count, 0), by_stage: rows };
}
