import { Type } from '@sinclair/typebox';
import { sql } from '../../database/sql.js';
import { nullableSchema } from '../../http/fields/field.js';
import { STAGES } from '../shared/client-fields.js';
import { choiceOutput } from '../shared/output.js';
import { clientCounts } from './counted.js';
import { count, percentage, type Report, type ReportRow } from './report.js';
import { momentCounts } from './report-query.js';
import { STAGE_MOVES, STAGE_NOW, STAGES_IN_ORDER } from './stage-history.js';

const stage = () => choiceOutput(STAGES);

/** The report on clients by stage, and how far those of a period have come. */
export const clientStagesReport: Report = {
  name: 'client-stages',
  summary: 'How many clients are in each stage now, and how many of the same clients have ever reached it.',
  period: 'when the client was entered',
  counts: [],
  columns: {
    stage: stage(),
    clients: count(),
    reached: Type.Integer({ description: 'are in it or have been' }),
    all_clients: Type.Integer({ description: 'of all stages' }),
    reached_percent: percentage('of all clients'),
  },
  sums: ['clients'],
  shares: { reached_percent: { part: 'reached', of: ['all_clients'] } },
  rows(query) {
    // One pass with a column for each stage: sets of clients per stage would have to be sorted.
    const columns = STAGES.map((code) => ({
      code: sql`${code}::text`,
      been: sql.ref(`been_${code}`),
      now: sql.ref(`now_${code}`),
      ever: sql.ref(`ever_${code}`),
    }));
    const been = columns.map((of) => sql`bool_or(${of.code} IN (m.to_stage, m.from_stage)) AS ${of.been}`);
    const figures = columns.map(
      (of) => sql`
        count(*) FILTER (WHERE c.stage = ${of.code}) AS ${of.now},
        count(*) FILTER (WHERE c.stage = ${of.code} OR ${of.been}) AS ${of.ever}`,
    );
    const rows = columns.map((of, place) => sql`(${of.code}, ${of.now}, ${of.ever}, ${place}::integer)`);
    return sql<ReportRow>`
      SELECT s.stage, s.clients, s.reached, f.all_clients
      FROM (
        SELECT count(*) AS all_clients, ${sql.join(figures)}
        FROM immigration_client c
        LEFT JOIN (SELECT m.client_id, ${sql.join(been)} FROM ${STAGE_MOVES} m GROUP BY m.client_id) m
          ON m.client_id = c.id
        WHERE ${clientCounts(query)} AND ${momentCounts('c.created_at', query.period)}
      ) f
      CROSS JOIN LATERAL (VALUES ${sql.join(rows)}) s (stage, clients, reached, place)
      ORDER BY s.place`;
  },
};

/** The report on conversion between stages. */
export const stageConversionsReport: Report = {
  name: 'stage-conversions',
  summary: 'How often clients moved from each stage to each other one.',
  period: 'when the client moved',
  counts: [],
  columns: {
    from_stage: nullableSchema(Type.String({ description: 'null where the timeline does not tell' })),
    to_stage: stage(),
    moves: count(),
    clients: Type.Integer({ description: 'who so moved, once or more often' }),
    all_moves: Type.Integer({ description: 'out of the same stage' }),
    moves_percent: percentage('of all moves out of the same stage'),
  },
  sums: ['moves'],
  shares: { moves_percent: { part: 'moves', of: ['all_moves'] } },
  rows(query) {
    return sql<ReportRow>`
      SELECT f.*, sum(f.moves) OVER (PARTITION BY f.from_stage)::bigint AS all_moves
      FROM (
        SELECT m.from_stage, m.to_stage, count(*) AS moves, count(DISTINCT m.client_id) AS clients
        FROM ${STAGE_MOVES} m JOIN immigration_client c ON c.id = m.client_id
        WHERE ${clientCounts(query)} AND ${momentCounts('m.at', query.period)}
        GROUP BY m.from_stage, m.to_stage
      ) f
      LEFT JOIN (SELECT * FROM ${STAGES_IN_ORDER}) a ON a.stage = f.from_stage
      JOIN (SELECT * FROM ${STAGES_IN_ORDER}) b ON b.stage = f.to_stage
      ORDER BY a.place, b.place`;
  },
};

const days = (description: string) => nullableSchema(Type.Number({ description }));

/** The report on the time in each stage. */
export const timeInStageReport: Report = {
  name: 'time-in-stage',
  summary:
    'How many days clients stayed in each stage that they left, and for how long others have been in it.',
  period: 'when the client left the stage; who is still in it counts as of now',
  counts: [],
  columns: {
    stage: stage(),
    stays: Type.Integer({ description: 'that have ended' }),
    average_days: days('of these stays'),
    median_days: days('of these stays'),
    clients_now: Type.Integer({ description: 'who are in it' }),
    average_days_now: days('for which they have been in it'),
    median_days_now: days('for which they have been in it'),
  },
  sums: ['stays', 'clients_now'],
  rows(query) {
    // A stay counts only where both its ends are known and agree: an unrecorded move, such as one whose entry is still
    // to come, says nothing about the time in any stage.
    return sql<ReportRow>`
      WITH counted AS MATERIALIZED (
        SELECT c.id, ${STAGE_NOW} AS stage, c.created_at FROM immigration_client c WHERE ${clientCounts(query)}
      ), moves AS MATERIALIZED (
        SELECT m.*, lag(m.id) OVER one_client AS previous, lead(m.at) OVER one_client AS left_at,
               lead(m.from_stage) OVER one_client AS left_stage, counted.stage AS stage_now, counted.created_at
        FROM ${STAGE_MOVES} m JOIN counted ON counted.id = m.client_id
        WINDOW one_client AS (PARTITION BY m.client_id ORDER BY m.id)
      ), stays AS (
        SELECT to_stage AS stage, at AS since, left_at AS until FROM moves
        WHERE CASE WHEN left_at IS NULL THEN to_stage = stage_now ELSE left_stage IS NULL OR left_stage = to_stage END
        UNION ALL
        SELECT from_stage, created_at, at FROM moves WHERE previous IS NULL
        UNION ALL
        SELECT stage, created_at, NULL FROM counted
        WHERE NOT EXISTS (SELECT FROM moves WHERE moves.client_id = counted.id)
      ), timed AS (
        SELECT stage, until IS NULL AS lasts,
               greatest(date_part('epoch', coalesce(until, ${query.now}::timestamptz) - since) / 86400, 0) AS days
        FROM stays WHERE until IS NULL OR ${momentCounts('until', query.period)}
      )
      SELECT s.stage, coalesce(f.stays, 0) AS stays, f.average_days, f.median_days,
             coalesce(f.clients_now, 0) AS clients_now, f.average_days_now, f.median_days_now
      FROM ${STAGES_IN_ORDER}
      LEFT JOIN (
        SELECT stage, count(*) FILTER (WHERE NOT lasts) AS stays, count(*) FILTER (WHERE lasts) AS clients_now,
               ${rounded(sql`avg(days) FILTER (WHERE NOT lasts)`)} AS average_days,
               ${rounded(sql`percentile_cont(0.5) WITHIN GROUP (ORDER BY days) FILTER (WHERE NOT lasts)`)} AS median_days,
               ${rounded(sql`avg(days) FILTER (WHERE lasts)`)} AS average_days_now,
               ${rounded(sql`percentile_cont(0.5) WITHIN GROUP (ORDER BY days) FILTER (WHERE lasts)`)} AS median_days_now
        FROM timed GROUP BY stage
      ) f ON f.stage = s.stage
      ORDER BY s.place`;
  },
};

/** Rounds to one decimal place. */
function rounded(figure: ReturnType<typeof sql>) {
  return sql`round((${figure})::numeric, 1)::float8`;
}
