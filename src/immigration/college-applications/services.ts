import type { CurrentUser } from '../../auth/current-user.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { detailError, invalidPk } from '../../http/errors.js';
import type { LateInput } from '../../http/fields/body.js';
import { isId } from '../../http/path-id.js';
import {
  applicationBranch,
  checkApplicationAssignee,
  checkApplicationScope,
} from '../shared/application-access.js';
import { requireClient } from '../shared/client-access.js';
import { type Choice, checkChoice } from './related.js';
import type {
  CollegeApplicationCreateInput,
  CollegeApplicationOutput,
  CollegeApplicationUpdateInput,
} from './schemas.js';
import { collegeApplications, shown, WHAT } from './selectors.js';

/**
 * Creates a college application, in the first stage of its type.
 * @throws HttpError 400 for records that do not exist or do not fit, 403 for those out of reach
 */
export async function createCollegeApplication(
  transaction: TenantTransaction,
  user: CurrentUser,
  input: CollegeApplicationCreateInput,
): Promise<Pending<CollegeApplicationOutput>> {
  await requireClient(transaction, user, input.client_id, 'client_id');
  const stage_id = await firstStage(transaction, input.application_type_id);
  const emptied = withoutZeros(input);
  await checkChoice(transaction, { super_agent_id: null, sub_agent_id: null, ...emptied }, null);
  await checkApplicationAssignee(transaction, user, emptied.assigned_to_id);
  return collegeApplications.insert(transaction, user, { ...emptied, stage_id }).map(shown);
}

/** Changes the given fields of a college application. @throws HttpError 404, 403, 400 */
export async function updateCollegeApplication(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  body: LateInput<CollegeApplicationUpdateInput>,
): Promise<Pending<CollegeApplicationOutput>> {
  const before = await lockInScope(transaction, user, id);
  const input = withoutZeros(body.read());
  if (input.stage_id !== undefined && input.stage_id !== before.stage_id) {
    await requireStage(transaction, input.stage_id, before.application_type_id);
  }
  const merged: Choice = { ...before, ...input };
  if (CHOSEN.some((key) => merged[key] !== before[key])) await checkChoice(transaction, merged, before);
  await checkApplicationAssignee(transaction, user, input.assigned_to_id, before.assigned_to_id);
  return collegeApplications.update(transaction, user, id, input).map(shown);
}

/** Deletes a college application softly. @throws HttpError 404, 403 */
export async function deleteCollegeApplication(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<void> {
  await lockInScope(transaction, user, id);
  collegeApplications.delete(transaction, user, id);
}

const CHOSEN = [
  'institute_id',
  'course_id',
  'start_date_id',
  'location_id',
  'super_agent_id',
  'sub_agent_id',
] as const;
const EMPTIED_BY_ZERO = ['super_agent_id', 'sub_agent_id', 'assigned_to_id'] as const;

/** Replaces 0 of agents and assignee, which means nobody, by null. */
function withoutZeros<Input extends CollegeApplicationUpdateInput>(input: Input): Input {
  const emptied = EMPTIED_BY_ZERO.filter((key) => input[key] === 0).map((key) => [key, null]);
  return { ...input, ...Object.fromEntries(emptied) };
}

async function lockInScope(transaction: TenantTransaction, user: CurrentUser, id: number) {
  const finding = transaction.query(applicationBranch('immigration_collegeapplication', id));
  const [application, [found]] = await Promise.all([collegeApplications.lock(transaction, id), finding]);
  checkApplicationScope(user, WHAT, id, found);
  return application;
}

/** Locks an application type and its first stage. @throws HttpError 400 when there is no such type, or no stage */
async function firstStage(transaction: TenantTransaction, type: number): Promise<number> {
  if (!isId(type)) throw invalidPk('application_type_id', type);
  const [[held], [stage]] = await Promise.all([
    transaction.query(sql`
      SELECT id FROM immigration_applicationtype WHERE id = ${type} AND deleted_at IS NULL FOR KEY SHARE`),
    transaction.query(sql<{ id: number }>`
      SELECT id FROM immigration_stage WHERE application_type_id = ${type} ORDER BY position LIMIT 1 FOR KEY SHARE`),
  ]);
  if (!held) throw invalidPk('application_type_id', type);
  if (!stage) throw detailError(400, 'The application type has no stages yet');
  return stage.id;
}

/** Locks a stage. @throws HttpError 400 when there is none, or it is of another type */
async function requireStage(transaction: TenantTransaction, id: number, type: number): Promise<void> {
  const held = sql<{ type: number }>`
    SELECT application_type_id AS type FROM immigration_stage WHERE id = ${id} FOR KEY SHARE`;
  const [stage] = isId(id) ? await transaction.query(held) : [];
  if (!stage) throw invalidPk('stage_id', id);
  if (stage.type !== type) throw detailError(400, 'Stage does not belong to the application type');
}
