import { Type } from '@sinclair/typebox';
import { caselessColumn } from '../../database/same-text.js';
import { sql } from '../../database/sql.js';
import { nullableSchema } from '../../http/fields/field.js';
import { STAGES } from '../shared/client-fields.js';
import { choiceOutput } from '../shared/output.js';
import { clientCounts } from './counted.js';
import { count, percentage, type Report, type ReportRow } from './report.js';
import { momentCounts } from './report-query.js';
import { STAGE_MOVES, STAGE_NOW } from './stage-history.js';

const SOURCES = ['AGENT', 'REFERRAL', 'UNKNOWN'] as const;

const stages = STAGES.map((stage) => ({ stage, column: stage.toLowerCase() }));
const perStage = stages.map(({ column }) => column);

/** The report on the sources of clients. */
export const leadSourcesReport: Report = {
  name: 'lead-sources',
  summary:
    'Who brought how many clients, in which stage they are now, and how many of them came to be clients.',
  period: 'when the client was entered',
  counts: [],
  columns: {
    source: choiceOutput(SOURCES, {
      description: 'AGENT: the agent of the client; else REFERRAL: `referred_by`, whatever its case',
    }),
    agent: nullableSchema(Type.Integer()),
    name: Type.String(),
    ...Object.fromEntries(perStage.map((column) => [column, count()])),
    clients: Type.Integer({ description: 'of all stages' }),
    became_client: Type.Integer({ description: 'are in the stage CLIENT or have been' }),
    became_client_percent: percentage('of clients of all stages'),
  },
  sums: [...perStage, 'clients', 'became_client'],
  shares: { became_client_percent: { part: 'became_client', of: ['clients'] } },
  rows(query) {
    const perStageNow = stages.map(
      ({ stage, column }) => sql`count(*) FILTER (WHERE l.stage = ${stage}) AS ${sql.ref(column)}`,
    );
    return sql<ReportRow>`
      WITH leads AS MATERIALIZED (
        SELECT c.id, ${STAGE_NOW} AS stage, c.agent_id, CASE WHEN c.agent_id IS NULL THEN btrim(c.referred_by) ELSE '' END AS referrer
        FROM immigration_client c WHERE ${clientCounts(query)} AND ${momentCounts('c.created_at', query.period)}
      ), became AS (
        SELECT id FROM leads WHERE stage = 'CLIENT'
        UNION
        SELECT m.client_id FROM ${STAGE_MOVES} m JOIN leads ON leads.id = m.client_id
        WHERE 'CLIENT' IN (m.to_stage, m.from_stage)
      )
      SELECT CASE WHEN f.agent_id IS NOT NULL THEN 'AGENT' WHEN f.referrer <> '' THEN 'REFERRAL' ELSE 'UNKNOWN' END AS source,
             f.agent_id AS agent, coalesce(a.agent_name, f.referrer) AS name,
             ${sql.join(this.sums.map((column) => sql.ref(`f.${column}`)))}
      FROM (
        SELECT l.agent_id, min(l.referrer COLLATE "C") AS referrer, ${sql.join(perStageNow)}, count(*) AS clients,
               count(became.id) AS became_client
        FROM leads l LEFT JOIN became ON became.id = l.id
        GROUP BY l.agent_id, ${caselessColumn('l.referrer')}
      ) f
      LEFT JOIN immigration_agent a ON a.id = f.agent_id
      ORDER BY f.clients DESC, source, name, agent`;
  },
};
