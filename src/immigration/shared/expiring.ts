import { type Sql, sql } from '../../database/sql.js';

// The one definition of what expires or begins on a calendar date and belongs to a client, for the list of deadlines
// and for the alerts. Constants of SQL, so that PostgreSQL can use each kind's index.

/** The condition that a college application `r` still has a stage ahead. */
const HAS_STAGE_AHEAD = sql<boolean>`EXISTS (
  SELECT FROM immigration_stage s JOIN immigration_stage l
    ON l.application_type_id = s.application_type_id AND l.position > s.position
  WHERE s.id = r.stage_id)`;

/** The condition that a college application `r` is in the last stage of its type. */
export const IN_FINAL_STAGE = sql<boolean>`NOT ${HAS_STAGE_AHEAD}`;

/**
 * A query for rows of `kind`, `model` (of the content type), `id`, `client_id`, `assigned_to_id` (the record's own;
 * null where the client's counts) and `due_date`. Refused and withdrawn visas do not expire, and an application in the
 * last stage of its type has no intake ahead.
 */
export const EXPIRING = sql`
  SELECT 'PASSPORT'::text AS kind, 'passport'::text AS model, p.id, p.id AS client_id, NULL::bigint AS assigned_to_id,
         p.date_of_expiry AS due_date
  FROM immigration_passport p WHERE p.date_of_expiry IS NOT NULL
  UNION ALL
  SELECT 'VISA'::text, 'visaapplication'::text, a.id, a.client_id, a.assigned_to_id, a.expiry_date
  FROM immigration_visaapplication a
  WHERE a.expiry_date IS NOT NULL AND a.status NOT IN ('REJECTED', 'WITHDRAWN')
  UNION ALL
  SELECT 'INTAKE'::text, 'collegeapplication'::text, r.id, r.client_id, r.assigned_to_id, i.intake_date
  FROM immigration_collegeapplication r JOIN immigration_institute_intake i ON i.id = r.start_date_id
  WHERE r.deleted_at IS NULL AND ${HAS_STAGE_AHEAD}`;

/**
 * Returns an expression for the name of a row with the `kind` of one of `EXPIRING` and its record's id.
 * @param kind the columns: `r.kind`
 */
export function expiringTitle(kind: Sql, id: Sql): Sql<string> {
  return sql`CASE ${kind}
    WHEN 'PASSPORT' THEN 'Passport'
    WHEN 'VISA' THEN (
      SELECT 'Visa: ' || t.name FROM immigration_visaapplication a
      JOIN immigration_visatype t ON t.id = a.visa_type_id WHERE a.id = ${id})
    WHEN 'INTAKE' THEN (
      SELECT 'Intake: ' || i.name || ', ' || o.name FROM immigration_collegeapplication a
      JOIN immigration_institute i ON i.id = a.institute_id JOIN immigration_course o ON o.id = a.course_id
      WHERE a.id = ${id})
    END`;
}

/** The name of a row `r` with a `kind` and a `record_id`. */
export const TITLE_OF_ROW = expiringTitle(sql`r.kind`, sql`r.record_id`);
