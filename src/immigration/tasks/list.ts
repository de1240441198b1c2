import type { CurrentUser } from '../../auth/current-user.js';
import { roleOf } from '../../auth/scope.js';
import { allOf } from '../../database/conditions.js';
import { type Sql, sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { invalidField } from '../../http/errors.js';
import { MESSAGES } from '../../http/fields/field.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import { deepPage } from '../shared/deep-page.js';
import { choiceFilter, idFilter } from '../shared/filters.js';
import { foundPage } from '../shared/found-page.js';
import { isLinkId } from '../shared/linked-record.js';
import { NamedColumns } from '../shared/names.js';
import { pageOf } from '../shared/page-of.js';
import { CLIENT_TYPE, taskBranches, taskVisibilityConditions } from '../shared/task-visibility.js';
import type { TaskOutput } from './schemas.js';
import { tasks } from './selectors.js';

/** The filters of a list of tasks. */
export interface TaskFilters {
  /** Conditions on single columns that the kept sums distinguish. */
  readonly summed: readonly (Sql<boolean> | undefined)[];
  /** Whether to exclude overdue open tasks. */
  readonly withoutOverdue: boolean;
  /** Other conditions. */
  readonly others: readonly Sql<boolean>[];
}

const NAMES = new NamedColumns<TaskOutput>(tasks.fields);
const TABLE = tasks.table;
const OVERDUE = sql<boolean>`(r.due_date < now() AND r.status NOT IN ('COMPLETED', 'CANCELLED'))`;
const ORDER = sql`r.due_date DESC, r.created_at DESC, r.id DESC`;

/**
 * Parses the filters of the list of tasks.
 * @param includeOverdue whether overdue tasks are listed by default
 * @throws HttpError 400 naming the wrong parameter
 */
export function readTaskFilters(
  query: QueryParameters,
  user: CurrentUser,
  includeOverdue: boolean,
): TaskFilters {
  const others = [
    clientFilter(query),
    linkFilter(query),
    idFilter(query, 'assigned_to', 'r.assigned_to_id'),
    query.boolean('assigned_to_me') ? ofMine(user) : undefined,
  ];
  return {
    summed: [choiceFilter(query, 'status'), choiceFilter(query, 'priority')],
    withoutOverdue: !(query.boolean('include_overdue') ?? includeOverdue),
    others: others.filter((condition) => condition !== undefined),
  };
}

/** Returns the condition for one's own tasks; for the admin roles also those of their branches. */
function ofMine(user: CurrentUser): Sql<boolean> {
  const branches = roleOf(user) === 'CONSULTANT' ? [] : taskBranches(user);
  const mine = sql<boolean>`r.assigned_to_id = ${user.id}`;
  return branches.length === 0 ? mine : sql`(${mine} OR r.branch_id = ANY (${branches}::bigint[]))`;
}

function clientFilter(query: QueryParameters): Sql<boolean> | undefined {
  const client = query.integer('client');
  if (client === undefined) return undefined;
  return isLinkId(client) ? sql`r.content_type_id = ${CLIENT_TYPE} AND r.object_id = ${client}` : sql`false`;
}

function linkFilter(query: QueryParameters): Sql<boolean> | undefined {
  const type = query.integer('content_type');
  const id = query.integer('object_id');
  if (type === undefined && id === undefined) return undefined;
  if (type === undefined) throw invalidField('content_type', MESSAGES.required);
  if (id === undefined) throw invalidField('object_id', MESSAGES.required);
  return isLinkId(type) && isLinkId(id)
    ? sql`r.content_type_id = ${type} AND r.object_id = ${id}`
    : sql`false`;
}

/** Returns a page of the tasks that the user sees, the latest due first. */
export async function listTasks(
  transaction: TenantTransaction,
  user: CurrentUser,
  filters: TaskFilters,
  page: PageRequest,
): Promise<Pending<PageOf<TaskOutput>>> {
  const visibility = taskVisibilityConditions(user);
  const summed = allOf(filters.summed);
  const asked = allOf([summed, filters.withoutOverdue && sql`NOT ${OVERDUE}`, ...filters.others]);
  if (visibility.length === 0 && filters.others.length === 0) {
    // The kept sums give the total; the part to be excluded is seldom large.
    const leftOut = filters.withoutOverdue
      ? sql`(SELECT count(*) FROM ${TABLE} r WHERE ${OVERDUE} AND ${summed})`
      : sql`0`;
    const counting = sql<{ count: number }>`
      SELECT coalesce(sum(n), 0)::bigint - ${leftOut} AS count FROM immigration_task_count r WHERE ${summed}`;
    if (page.page !== 1) {
      const order = { forward: ORDER, backward: sql`r.due_date, r.created_at, r.id` };
      const rows = { table: TABLE, condition: asked, order, counting, from: NAMES.listed, names: NAMES };
      return deepPage(transaction, rows, page);
    }
    const rows = NAMES.listed(TABLE, sql`WHERE ${asked} ORDER BY ${ORDER}`);
    return await pageOf(transaction, counting, rows, page, NAMES);
  }
  // Each visibility condition is a query of its own, as each has its index: together they would read the whole table.
  const seen = (visibility.length === 0 ? [sql<boolean>`true`] : visibility).map(
    (sight) => sql`SELECT r.id, r.due_date, r.created_at FROM ${TABLE} r WHERE ${sight} AND ${asked}`,
  );
  const found = sql`${sql.join(seen, sql` UNION `)}`;
  const records = { table: TABLE, from: NAMES.listed, found, order: ORDER, names: NAMES };
  return foundPage(transaction, records, page);
}

const OWN_OPEN = (user: CurrentUser) => sql`
  r.assigned_to_id = ${user.id} AND r.status IN ('PENDING', 'IN_PROGRESS')`;
/** Maximum number of days, beyond any calendar. */
const MOST_DAYS = 1_000_000;

/** Returns the user's own unfinished tasks that are due within this many days, the earliest due first. */
export function tasksDueSoon(
  transaction: TenantTransaction,
  user: CurrentUser,
  days: number,
): Pending<TaskOutput[]> {
  return transaction.send(
    tasks.select(sql`
      WHERE ${OWN_OPEN(user)} AND r.due_date >= now()
        AND r.due_date <= now() + make_interval(days => ${Math.min(days, MOST_DAYS)}::integer)
      ORDER BY r.due_date, r.id`),
  );
}

/** Returns the user's own unfinished tasks that are past due, the earliest due first. */
export function overdueTasks(transaction: TenantTransaction, user: CurrentUser): Pending<TaskOutput[]> {
  return transaction.send(
    tasks.select(sql`WHERE ${OWN_OPEN(user)} AND r.due_date < now() ORDER BY r.due_date, r.id`),
  );
}
