import { type Static, Type } from '@sinclair/typebox';
import type { CurrentUser } from '../../auth/current-user.js';
import { allOf } from '../../database/conditions.js';
import { sql } from '../../database/queries.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { component } from '../../http/component.js';
import { nullableSchema } from '../../http/fields/field.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import { checkReadable, clientBranch } from '../shared/client-access.js';
import { display } from '../shared/display.js';
import { pageOf } from '../shared/page-of.js';
import { nameOf } from '../shared/people.js';

const ACTIVITY_TYPES = [
  'NOTE_ADDED',
  'NOTE_EDITED',
  'NOTE_DELETED',
  'STAGE_CHANGED',
  'ASSIGNED',
  'PROFILE_PICTURE_UPLOADED',
  'PASSPORT_UPDATED',
  'PROFICIENCY_ADDED',
  'QUALIFICATION_ADDED',
  'VISA_APPLICATION_CREATED',
  'COLLEGE_APPLICATION_CREATED',
  'TASK_CREATED',
  'TASK_COMPLETED',
  'CLIENT_DELETED',
] as const;

const LABELS = { ASSIGNED: 'Client Assigned', PROFICIENCY_ADDED: 'Language Proficiency Added' };
const readOnly = { readOnly: true };

export const ClientActivityOutput = component(
  'ClientActivityOutput',
  Type.Object({
    id: Type.Integer(readOnly),
    client: Type.Integer(readOnly),
    activity_type: component(
      'ActivityTypeEnum',
      Type.Unsafe<string>({ type: 'string', enum: [...ACTIVITY_TYPES], ...readOnly }),
    ),
    activity_type_display: Type.String(readOnly),
    performed_by: nullableSchema(Type.Integer(readOnly)),
    performed_by_name: nullableSchema(Type.String(readOnly)),
    description: Type.String(readOnly),
    metadata: Type.Object({}, { additionalProperties: true, ...readOnly }),
    created_at: Type.String({ format: 'date-time', ...readOnly }),
  }),
);
export type ClientActivityOutput = Static<typeof ClientActivityOutput>;

/**
 * Returns a page of a client's history, newest first.
 * @param types only entries of these types; all when undefined
 * @throws HttpError 404, 403
 */
export async function clientTimeline(
  transaction: TenantTransaction,
  user: CurrentUser,
  clientId: number,
  types: readonly string[] | undefined,
  page: PageRequest,
): Promise<Pending<PageOf<ClientActivityOutput>>> {
  const shown = allOf([
    sql`t.client_id = ${clientId}`,
    types && sql`t.activity_type = ANY (${types}::text[])`,
  ]);
  const finding = transaction.send(clientBranch(clientId));
  const counting = sql<{ count: number }>`
    SELECT count(*) AS count FROM immigration_clientactivity t WHERE ${shown}`;
  const rows = sql<Omit<ClientActivityOutput, 'activity_type_display'>>`
    SELECT t.id, t.client_id AS client, t.activity_type, t.performed_by_id AS performed_by,
           ${nameOf('t.performed_by_id')} AS performed_by_name, t.description, t.metadata, t.created_at
    FROM immigration_clientactivity t WHERE ${shown} ORDER BY t.created_at DESC, t.id DESC`;
  const found = finding.and(await pageOf(transaction, counting, rows, page));
  return found.map(([[client], { count, items }]) => {
    checkReadable(user, client);
    const labelled = items.map((entry) => ({
      ...entry,
      activity_type_display: display(entry.activity_type, LABELS),
    }));
    return { count, items: labelled };
  });
}
