import type { CurrentUser } from '../../auth/current-user.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { invalidField, invalidPk, notFound } from '../../http/errors.js';
import type { LateInput } from '../../http/fields/body.js';
import { isId } from '../../http/path-id.js';
import { refuseIfUsed } from '../shared/used-by.js';
import type { StageCreateInput, StageOutput, StageReorderInput, StageUpdateInput } from './schemas.js';
import { readStage, stages, stagesOfType, TYPE_THERE } from './selectors.js';

/**
 * Creates a stage at the given position, where the others make room, or else at the end.
 * @throws HttpError 400 when there is no such application type
 */
export async function createStage(
  transaction: TenantTransaction,
  user: CurrentUser,
  { application_type_id: type, position, ...input }: StageCreateInput,
): Promise<Pending<StageOutput>> {
  const order = await lockType(transaction, type);
  if (!order) throw invalidPk('application_type_id', type);
  const [created] = await transaction.query(sql<{ id: number }>`
    INSERT INTO immigration_stage
      (application_type_id, stage_name, description, position, created_by_id, updated_by_id)
    VALUES (${type}, ${input.stage_name}, ${input.description ?? ''}, ${order.length + 1}, ${user.id}, ${user.id})
    RETURNING id`);
  const { id } = created as { id: number };
  const place = Math.min(position ?? Number.POSITIVE_INFINITY, order.length + 1);
  arrange(transaction, user, order.toSpliced(place - 1, 0, id));
  return readStage(transaction, id);
}

/** Changes the given fields of a stage; reordering changes its position. @throws HttpError 404, 400 */
export async function updateStage(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  body: LateInput<StageUpdateInput>,
): Promise<Pending<StageOutput>> {
  const locking = stages.lock(transaction, id);
  const finding = transaction.query(
    sql`SELECT FROM immigration_stage r WHERE r.id = ${id} AND ${TYPE_THERE}`,
  );
  const [, [there]] = await Promise.all([locking, finding]);
  if (!there) throw notFound('Stage');
  return stages.update(transaction, user, id, body.read());
}

/** Deletes a stage that no application was ever in; those behind it move up. @throws HttpError 404, 400 */
export async function deleteStage(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<void> {
  const [stage] = await transaction.query(
    sql<{ type: number }>`SELECT application_type_id AS type FROM immigration_stage WHERE id = ${id}`,
  );
  const order = stage && (await lockType(transaction, stage.type));
  if (!order?.includes(id)) throw notFound('Stage');
  await stages.lockToDelete(transaction, id);
  await refuseIfUsed(transaction, 'stage', id);
  transaction.send(sql`DELETE FROM immigration_stage WHERE id = ${id}`);
  const left = order.filter((other) => other !== id);
  arrange(transaction, user, left);
}

/**
 * Puts all stages of a type into a new order.
 * @returns them in that order
 * @throws HttpError 400 unless each of them, and no other, gets one of the positions 1 … n
 */
export async function reorderStages(
  transaction: TenantTransaction,
  user: CurrentUser,
  { application_type_id: type, stages: places }: StageReorderInput,
): Promise<Pending<StageOutput[]>> {
  const order = await lockType(transaction, type);
  if (!order) throw invalidPk('application_type_id', type);
  const wanted: number[] = [];
  for (const { stage_id: id, new_position: position } of places) {
    if (!order.includes(id))
      throw invalidField('stages', `Stage ${id} is no stage of this application type.`);
    if (position > order.length || wanted[position - 1] !== undefined) {
      throw invalidField('stages', `Positions must be 1 to ${order.length}, each of them once.`);
    }
    wanted[position - 1] = id;
  }
  if (places.length !== order.length || new Set(wanted).size !== order.length) {
    throw invalidField('stages', 'Every stage of the application type must be given, each of them once.');
  }
  arrange(transaction, user, wanted);
  return stagesOfType(transaction, type);
}

/**
 * Locks an application type, and with it the order of its stages.
 * @returns the ids of its stages in order; null when there is no such type
 */
async function lockType(transaction: TenantTransaction, id: number): Promise<number[] | null> {
  if (!isId(id)) return null;
  const locked = transaction.query(sql`
    SELECT id FROM immigration_applicationtype WHERE id = ${id} AND deleted_at IS NULL FOR NO KEY UPDATE`);
  // A separate statement: it must see what was committed while this one waited for the lock.
  const listed = transaction.query(
    sql<{ id: number }>`SELECT id FROM immigration_stage WHERE application_type_id = ${id} ORDER BY position`,
  );
  const [[type], order] = await Promise.all([locked, listed]);
  return type ? order.map((stage) => stage.id) : null;
}

/** An offset beyond every position. */
const ASIDE = 1_000_000;

/**
 * Assigns the positions 1 … n in this order. Positions are unique at every moment, so moving stages first step aside.
 */
function arrange(transaction: TenantTransaction, user: CurrentUser, order: readonly number[]): void {
  const wanted = sql`unnest(${order}::bigint[]) WITH ORDINALITY AS wanted (id, position)`;
  transaction.send(sql`
    UPDATE immigration_stage s SET position = s.position + ${ASIDE}::integer
    FROM ${wanted} WHERE s.id = wanted.id AND s.position <> wanted.position`);
  transaction.send(sql`
    UPDATE immigration_stage s SET position = wanted.position, updated_at = now(), updated_by_id = ${user.id}
    FROM ${wanted} WHERE s.id = wanted.id AND s.position > ${ASIDE}::integer`);
}
