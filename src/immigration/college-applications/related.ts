import { type Sql, sql } from '../../database/sql.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { detailError, invalidPk } from '../../http/errors.js';
import { isId } from '../../http/path-id.js';

/** The records that an application references: institute, course, intake, location and agents. */
export interface Choice {
  readonly institute_id: number;
  readonly course_id: number;
  readonly start_date_id: number;
  readonly location_id: number;
  readonly super_agent_id: number | null;
  readonly sub_agent_id: number | null;
}

const PARTS = [
  ['course_id', 'immigration_course', 'Course'],
  ['start_date_id', 'immigration_institute_intake', 'Intake'],
  ['location_id', 'immigration_institute_location', 'Location'],
] as const;
const AGENTS = [
  ['super_agent_id', 'SUPER_AGENT', 'Super agent', 'a super agent'],
  ['sub_agent_id', 'SUB_AGENT', 'Sub agent', 'a sub agent'],
] as const;

type Held = { readonly deleted: boolean; readonly institute?: number; readonly type?: string };

/**
 * Checks the records that an application is about to reference, and locks them against deletion. Those it referenced
 * before may have been soft-deleted meanwhile; new ones may not.
 * @param before the present references; null for a new application
 * @throws HttpError 400 for what does not exist, belongs to another institute, or is an agent of the other kind
 */
export async function checkChoice(
  transaction: TenantTransaction,
  choice: Choice,
  before: Choice | null,
): Promise<void> {
  const hold = async (key: keyof Choice, query: Sql<Held>): Promise<Held> => {
    const id = choice[key] as number;
    const [found] = isId(id) ? await transaction.query(query) : [];
    if (!found || (found.deleted && before?.[key] !== id)) throw invalidPk(key, id);
    return found;
  };
  const held = sql`deleted_at IS NOT NULL AS deleted`;
  const checks = [
    hold(
      'institute_id',
      sql`SELECT ${held} FROM immigration_institute WHERE id = ${choice.institute_id} FOR KEY SHARE`,
    ),
    ...PARTS.map(async ([key, table, thing]) => {
      const part = await hold(
        key,
        sql`SELECT ${held}, institute_id AS institute FROM ${sql.ref(table)} WHERE id = ${choice[key]} FOR KEY SHARE`,
      );
      if (part.institute !== choice.institute_id) {
        throw detailError(400, `${thing} does not belong to the selected institute`);
      }
    }),
    ...AGENTS.map(async ([key, type, thing, article]) => {
      if (choice[key] === null || choice[key] === before?.[key]) return;
      const agent = await hold(
        key,
        sql`SELECT ${held}, agent_type AS type FROM immigration_agent WHERE id = ${choice[key]} FOR KEY SHARE`,
      );
      if (agent.type !== type) throw detailError(400, `${thing} must be ${article}`);
    }),
  ];
  // The reported error does not depend on which answer came first.
  for (const outcome of await Promise.allSettled(checks)) {
    if (outcome.status === 'rejected') throw outcome.reason;
  }
}
