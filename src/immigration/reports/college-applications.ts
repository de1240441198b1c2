import { Type } from '@sinclair/typebox';
import { sql } from '../../database/sql.js';
import { clientCounts } from './counted.js';
import { count, percentage, type Report, type ReportRow } from './report.js';
import { momentCounts } from './report-query.js';

/** The report on college applications by type and stage. */
export const collegeApplicationsReport: Report = {
  name: 'college-applications',
  summary: 'College applications by type and by the stage in which they are now.',
  period: 'when the application was entered',
  counts: ['collegeapplication'],
  columns: {
    application_type: Type.Integer(),
    application_type_title: Type.String(),
    stage: Type.Integer(),
    stage_name: Type.String(),
    stage_position: Type.Integer(),
    applications: count(),
    all_applications: Type.Integer({ description: 'of the same type' }),
    applications_percent: percentage('of all of the same type'),
  },
  sums: ['applications'],
  shares: { applications_percent: { part: 'applications', of: ['all_applications'] } },
  rows(query) {
    return sql<ReportRow>`
      SELECT t.id AS application_type, t.title AS application_type_title, s.id AS stage, s.stage_name,
             s."position" AS stage_position, f.applications,
             sum(f.applications) OVER (PARTITION BY t.id)::bigint AS all_applications
      FROM (
        SELECT r.stage_id, r.application_type_id, count(*) AS applications
        FROM immigration_collegeapplication r JOIN immigration_client c ON c.id = r.client_id
        WHERE r.deleted_at IS NULL AND ${clientCounts(query)} AND ${momentCounts('r.created_at', query.period)}
        GROUP BY r.stage_id, r.application_type_id
      ) f
      JOIN immigration_applicationtype t ON t.id = f.application_type_id
      JOIN immigration_stage s ON s.id = f.stage_id
      ORDER BY t.title, t.id, s."position", s.id`;
  },
};
