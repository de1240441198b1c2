import { type Static, Type } from '@sinclair/typebox';
import type { CurrentUser } from '../../auth/current-user.js';
import { scopeOf } from '../../auth/scope.js';
import { allOf } from '../../database/conditions.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import type { UserRequest } from '../../routing/route.js';
import { applicationBranch, checkApplicationScope, clientNameFilter } from '../shared/application-access.js';
import { clientInScope } from '../shared/client-access.js';
import { columnsOf, lookup, select } from '../shared/columns.js';
import { countryName } from '../shared/country-names.js';
import { IN_FINAL_STAGE } from '../shared/expiring.js';
import { idFilter } from '../shared/filters.js';
import { momentInRange, readMomentRange } from '../shared/moment-range.js';
import { clientName, named } from '../shared/names.js';
import { Records } from '../shared/records.js';
import { TenantTime } from '../shared/tenant-time.js';
import { CollegeApplicationOutput, type CollegeStageCounts, StageCount } from './schemas.js';

/** The word for an application in errors. */
export const WHAT = 'college application';

const { location_display: _, ...shownFields } = CollegeApplicationOutput.properties;
/** An application as the database returns it; `shown` turns it into the API's form. */
const CollegeApplicationRow = Type.Object({
  ...shownFields,
  location_state: Type.String(),
  location_country: Type.String(),
});
type CollegeApplicationRow = Static<typeof CollegeApplicationRow>;

export const collegeApplications = new Records({
  table: 'immigration_collegeapplication',
  output: CollegeApplicationRow,
  columns: {
    application_type_title: lookup('application_type_id', 'immigration_applicationtype', 'title'),
    stage_name: lookup('stage_id', 'immigration_stage', 'stage_name'),
    stage_position: lookup('stage_id', 'immigration_stage', 'position'),
    is_final_stage: IN_FINAL_STAGE,
    client_name: clientName('client_id'),
    institute_name: lookup('institute_id', 'immigration_institute', 'name'),
    course_name: lookup('course_id', 'immigration_course', 'name'),
    intake_date: lookup('start_date_id', 'immigration_institute_intake', 'intake_date'),
    location_state: lookup('location_id', 'immigration_institute_location', 'state'),
    location_country: lookup('location_id', 'immigration_institute_location', 'country'),
    super_agent_name: named('agent', 'super_agent_id'),
    sub_agent_name: named('agent', 'sub_agent_id'),
    assigned_to_name: named('person', 'assigned_to_id'),
  },
});

/** Returns the API's form of an application. */
export function shown({
  location_state: state,
  location_country: country,
  ...row
}: CollegeApplicationRow): CollegeApplicationOutput {
  const parts = [state, countryName(country)].filter((part) => part !== '');
  return { ...row, location_display: parts.join(', ') };
}

/** Returns the condition that an application `r` exists and is in scope; those of archived clients are not. */
export const inScope = (user: CurrentUser) =>
  allOf([collegeApplications.notDeleted, clientInScope(scopeOf(user), 'r.client_id')]);

/** Returns a page of the applications in scope, newest first. @throws HttpError 400 for invalid filters */
export async function listCollegeApplications(
  transaction: TenantTransaction,
  user: CurrentUser,
  { query, tenant }: UserRequest,
  page: PageRequest,
): Promise<Pending<PageOf<CollegeApplicationOutput>>> {
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
  const latestFirst = sql`r.created_at DESC, r.id DESC`;
  const found = await collegeApplications.list(transaction, page, asked, latestFirst);
  return found.map(({ count, items }) => ({ count, items: items.map(shown) }));
}

/** Returns one application. @throws HttpError 404; 403 when its client is out of scope */
export function readCollegeApplication(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Pending<CollegeApplicationOutput> {
  const finding = transaction.send(applicationBranch('immigration_collegeapplication', id));
  const reading = collegeApplications.read(transaction, id).and(finding);
  return reading.map(([application, [found]]) => {
    checkApplicationScope(user, WHAT, id, found);
    return shown(application);
  });
}

const STAGE_COUNT = columnsOf('immigration_stage', StageCount, {
  stage_id: 'id',
  count: sql<number>`coalesce(counted.count, 0)`,
});

/**
 * Returns how many applications in scope are in each stage, and in total; of one type on request.
 * @throws HttpError 400 for a type's id that is no number
 */
export function collegeStageCounts(
  transaction: TenantTransaction,
  user: CurrentUser,
  query: QueryParameters,
): Pending<CollegeStageCounts> {
  const ofType = allOf([idFilter(query, 'application_type_id')]);
  const stages = sql`
    FROM immigration_stage r
    JOIN immigration_applicationtype t ON t.id = r.application_type_id AND t.deleted_at IS NULL
    LEFT JOIN (SELECT r.stage_id, count(*) AS count FROM immigration_collegeapplication r
               WHERE ${inScope(user)} GROUP BY r.stage_id) counted ON counted.stage_id = r.id
    WHERE ${ofType} ORDER BY t.title, t.id, r.position`;
  return transaction.send(select(STAGE_COUNT, stages)).map((rows) => ({
    total: rows.reduce((total, { count }) => total + count, 0),
    by_stage: rows,
  }));
}
