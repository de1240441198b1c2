import type { CurrentUser } from '../../auth/current-user.js';
import { roleOf, scopeBranches, scopeOf } from '../../auth/scope.js';
import { anyOf } from '../../database/conditions.js';
import { TENANT_COLUMNS } from '../../database/generated/columns.js';
import type { TenantTables } from '../../database/generated/tables.js';
import { type RawBuilder, sql } from '../../database/queries.js';
import { clientInScope, outOfScope } from './client-access.js';
import { eventVisible } from './event-visibility.js';
import { taskVisible } from './task-visibility.js';
import { userInScope } from './user-scope.js';

// The table behind each content type, and whose records of it a user reaches.

/** For rows `r` of the kind's table: which of them lie in the user's scope. */
type Reach = (user: CurrentUser) => RawBuilder<boolean>;

export interface LinkedKind {
  readonly model: string;
  readonly app: 'immigration' | 'auth';
  readonly table: keyof TenantTables;
  readonly softDelete: boolean;
  /** Null: belongs to no branch. Everybody may link to it, but it lies only in the scope of the whole tenant. */
  readonly reach: Reach | null;
  /** What the 403 for one out of scope calls it; null: such a record is answered like one that is not there. */
  readonly denied: string | null;
  /** False: its rows are never deleted, and the tenant's role may not lock them. */
  readonly locks: boolean;
}

/** Of those who do not see the whole tenant. */
const within =
  (condition: (user: CurrentUser, branches: readonly number[]) => RawBuilder<boolean>): Reach =>
  (user) => {
    const branches = scopeBranches(scopeOf(user));
    return branches === null ? sql`true` : condition(user, branches);
  };

const client = within((_user, branches) => sql`r.branch_id = ANY (${branches}::bigint[])`);
const ofClient =
  (column: string): Reach =>
  (user) =>
    clientInScope(scopeOf(user), column);
const branch = within((_user, branches) => sql`r.id = ANY (${branches}::bigint[])`);
const region = within((user, branches) =>
  roleOf(user) === 'REGION_MANAGER'
    ? sql`r.id = ANY (${user.regionIds}::bigint[])`
    : sql`EXISTS (
        SELECT FROM immigration_branch b WHERE b.region_id = r.id AND b.id = ANY (${branches}::bigint[]))`,
);
const person: Reach = (user) => anyOf([sql`r.id = ${user.id}`, userInScope(user)]);
/** One's own: whoever these columns name. */
const own =
  (...columns: string[]): Reach =>
  (user) =>
    anyOf(columns.map((column) => sql`${sql.ref(column)} = ${user.id}`));

const ofTheClient = ofClient('r.client_id');

/** By model: table, reach, and what differs. Models that are not here belong to the agency as a whole. */
const KINDS: Readonly<Record<string, [keyof TenantTables, (Reach | null)?, Partial<LinkedKind>?]>> = {
  user: ['immigration_user', person],
  agent: ['immigration_agent'],
  branch: ['immigration_branch', branch],
  broadfield: ['immigration_broad_field'],
  client: ['immigration_client', client, { denied: 'client' }],
  courselevel: ['immigration_course_level'],
  institute: ['immigration_institute'],
  lpe: ['immigration_lpe'],
  visacategory: ['immigration_visacategory'],
  visatype: ['immigration_visatype'],
  region: ['immigration_region', region],
  profilepicture: ['immigration_profilepicture', ofTheClient, { denied: 'profile picture' }],
  narrowfield: ['immigration_narrow_field'],
  instituterequirement: ['immigration_institute_requirement'],
  institutelocation: ['immigration_institute_location'],
  instituteintake: ['immigration_institute_intake'],
  institutecontactperson: ['immigration_institute_contact_person'],
  course: ['immigration_course'],
  visaapplication: ['immigration_visaapplication', ofTheClient, { denied: 'visa application' }],
  task: ['immigration_task', taskVisible],
  reminder: ['immigration_reminder', within((user) => own('r.created_by_id')(user))],
  qualification: ['immigration_qualification', ofTheClient, { denied: 'qualification' }],
  proficiency: ['immigration_proficiency', ofTheClient, { denied: 'language proficiency' }],
  passport: ['immigration_passport', ofClient('r.id'), { denied: 'passport' }],
  notification: ['immigration_notification', own('r.assigned_to_id')],
  note: ['immigration_note', ofTheClient],
  event: ['immigration_event', null, { locks: false }],
  employment: ['immigration_employment', ofTheClient, { denied: 'employment' }],
  clientactivity: ['immigration_clientactivity', ofTheClient, { locks: false }],
  applicationtype: ['immigration_applicationtype'],
  stage: ['immigration_stage'],
  collegeapplication: ['immigration_collegeapplication', ofTheClient, { denied: 'college application' }],
  calendarevent: ['immigration_calendar_event', eventVisible, { denied: 'event' }],
  group: ['auth_group', null, { app: 'auth' }],
  permission: ['auth_permission', null, { app: 'auth' }],
};

/** The kinds of record that can be linked to, by the name of their model. */
export const LINKED_KINDS: ReadonlyMap<string, LinkedKind> = new Map(
  Object.entries(KINDS).map(([model, [table, reach = null, rest]]) => [
    model,
    {
      model,
      table,
      reach,
      app: 'immigration',
      denied: null,
      locks: true,
      softDelete: TENANT_COLUMNS[table]?.some(({ name }) => name === 'deleted_at') ?? false,
      ...rest,
    },
  ]),
);

/** The kind with this model's name, in any case. */
export function kindNamed(model: string): LinkedKind | undefined {
  return LINKED_KINDS.get(model.toLowerCase());
}

/** The condition that a row `r` of the kind's table is there. */
export function isThere({ softDelete }: LinkedKind): RawBuilder<boolean> {
  return softDelete ? sql`r.deleted_at IS NULL` : sql`true`;
}

/** 403 for one of this kind that is out of scope, in the words of its own resource; null where it is not told. */
export function deniedError(kind: LinkedKind, user: CurrentUser, id: number) {
  return kind.denied === null ? null : outOfScope(user, kind.denied, id);
}
