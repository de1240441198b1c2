import type { CurrentUser } from '../../auth/current-user.js';
import { scopeOf } from '../../auth/scope.js';
import { type Sql, sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import type { HttpError } from '../../http/errors.js';
import { isId } from '../../http/path-id.js';
import { deniedError, isThere, kindNamed, LINKED_KINDS, type LinkedKind } from './linked-kinds.js';

// Links to records of any kind: a content type and an id, as in tasks and reminders.

/** A stored link. */
export interface Link {
  readonly content_type_id: number;
  readonly object_id: number;
}

/** The errors for links that lead nowhere. */
export interface LinkErrors {
  /** Returns the error for an unknown content type. */
  readonly type: () => HttpError;
  /** Returns the error for a record that does not exist, or that the user must not know of. */
  readonly record: () => HttpError;
}

/** Maximum `object_id`, an integer of 32 bits in every table with links. */
const LARGEST_ID = 2_147_483_647;

/** Returns whether a link can hold this id. */
export function isLinkId(id: number): boolean {
  return isId(id) && id <= LARGEST_ID;
}

/**
 * Checks that a link leads to a record that exists and is in the user's scope, and locks that record against deletion
 * until the transaction ends.
 * @param type the content type's id, or its model's name in any case
 * @throws HttpError what `errors` returns; 403 for a client, visa application … out of scope
 */
export async function requireLinked(
  transaction: TenantTransaction,
  user: CurrentUser,
  type: string | number,
  id: number,
  errors: LinkErrors,
): Promise<Link> {
  const named = typeof type === 'string' ? kindNamed(type) : undefined;
  if (typeof type === 'string' && !named) throw errors.type();
  const typeFound = transaction.query(contentType(named ?? (type as number)));
  // A name identifies the table at once, so both statements share a round trip.
  const recordFound = named && findRecord(transaction, user, named, id);
  const [found] = await typeFound;
  const kind = named ?? (found && LINKED_KINDS.get(found.model));
  if (!found || kind?.app !== found.app) throw errors.type();
  const record = await transaction.result(recordFound ?? findRecord(transaction, user, kind, id));
  if (!record) throw errors.record();
  if (!record.reached) throw deniedError(kind, user, id) ?? errors.record();
  return { content_type_id: found.id, object_id: id };
}

function contentType(type: LinkedKind | number): Sql<{ id: number; app: string; model: string }> {
  const asked =
    typeof type === 'number'
      ? sql`id = ${isLinkId(type) ? type : 0}`
      : sql`app_label = ${type.app} AND model = ${type.model}`;
  return sql`SELECT id, app_label AS app, model FROM django_content_type WHERE ${asked}`;
}

/** Returns whether there is such a record, and whether the user reaches it. */
function findRecord(
  transaction: TenantTransaction,
  user: CurrentUser,
  kind: LinkedKind,
  id: number,
): Pending<{ reached: boolean } | undefined> {
  const lock = kind.permanent ? sql`` : sql`FOR KEY SHARE OF r`;
  const finding = transaction.send(sql<{ reached: boolean | null }>`
    SELECT ${kind.reach?.(user) ?? sql`true`} AS reached FROM ${sql.ref(kind.table)} r
    WHERE r.id = ${isLinkId(id) ? id : 0} AND ${isThere(kind)} ${lock}`);
  return finding.map(([record]) => record && { reached: record.reached === true });
}

/** The kinds in the scope of users who do not see the whole tenant. */
const REACHED_KINDS = [...LINKED_KINDS.values()].flatMap(({ reach, ...kind }) =>
  reach === null ? [] : [{ ...kind, reach }],
);

/**
 * Returns the condition for lists that the record which a row `r` links to (content_type_id, object_id) exists and is
 * in the user's scope. Records without a branch, such as institutes, are only in the scope of the whole tenant, for
 * which this is true of every row.
 */
export function linkedInScope(user: CurrentUser): Sql<boolean> {
  if (scopeOf(user).kind === 'tenant') return sql`true`;
  const cases = REACHED_KINDS.map(
    (kind) => sql`WHEN ${`${kind.app}.${kind.model}`} THEN EXISTS (
      SELECT FROM ${sql.ref(kind.table)} r WHERE r.id = linked.object_id AND ${isThere(kind)}
        AND ${kind.reach(user)})`,
  );
  // The outer row has another name inside, where the kinds' own conditions call theirs "r".
  return sql`(
    SELECT CASE linked.kind ${sql.join(cases, sql` `)} ELSE false END
    FROM (
      SELECT t.app_label || '.' || t.model AS kind, r.object_id
      FROM django_content_type t WHERE t.id = r.content_type_id
    ) linked)`;
}

/**
 * Returns the same condition for lists of many rows: the records in scope of each kind are looked up once, instead of
 * one by one for each row.
 */
export function manyLinkedInScope(user: CurrentUser): Sql<boolean> {
  if (scopeOf(user).kind === 'tenant') return sql`true`;
  const cases = REACHED_KINDS.map(
    (
      kind,
    ) => sql`WHEN (SELECT id FROM django_content_type WHERE app_label = ${kind.app} AND model = ${kind.model})
      THEN r.object_id IN (
        SELECT r.id FROM ${sql.ref(kind.table)} r WHERE ${isThere(kind)} AND ${kind.reach(user)})`,
  );
  return sql`CASE r.content_type_id ${sql.join(cases, sql` `)} ELSE false END`;
}
