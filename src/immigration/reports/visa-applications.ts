import { Type } from '@sinclair/typebox';
import { sql } from '../../database/sql.js';
import { VISA_STATUSES } from '../shared/visa-status.js';
import { clientCounts } from './counted.js';
import { count, percentage, type Report, type ReportRow } from './report.js';
import { dateCounts, momentCounts, type ReportQuery } from './report-query.js';

const type = {
  visa_type: Type.Integer(),
  visa_type_name: Type.String(),
  visa_category: Type.Integer(),
  visa_category_name: Type.String(),
};

/**
 * Adds the names of types and categories, the most frequent first.
 * @param figures per `visa_type_id`, including `order`
 */
const named = (figures: ReturnType<typeof sql>, columns: readonly string[], order: string) => sql<ReportRow>`
  SELECT t.id AS visa_type, t.name AS visa_type_name, k.id AS visa_category, k.name AS visa_category_name,
         ${sql.join(columns.map((column) => sql.ref(`f.${column}`)))}
  FROM (${figures}) f
  JOIN immigration_visatype t ON t.id = f.visa_type_id JOIN immigration_visacategory k ON k.id = t.visa_category_id
  ORDER BY ${sql.ref(`f.${order}`)} DESC, t.name, t.id`;

const applications = (query: ReportQuery) => sql`
  immigration_visaapplication r JOIN immigration_client c ON c.id = r.client_id
  WHERE ${clientCounts(query)}`;

const statuses = VISA_STATUSES.map((status) => ({ status, column: status.toLowerCase() }));
const perStatus = statuses.map(({ column }) => column);

/** The report on visa applications by status and type. */
export const visaApplicationsReport: Report = {
  name: 'visa-applications',
  summary: 'Visa applications by type and by the status that they have now, the most frequent type first.',
  period: 'when the application was entered',
  counts: ['visaapplication'],
  columns: {
    ...type,
    ...Object.fromEntries(perStatus.map((column) => [column, count()])),
    applications: count(),
  },
  sums: [...perStatus, 'applications'],
  rows(query) {
    const figures = statuses.map(
      ({ status, column }) => sql`count(*) FILTER (WHERE r.status = ${status}) AS ${sql.ref(column)}`,
    );
    const perType = sql`
      SELECT r.visa_type_id, ${sql.join(figures)}, count(*) AS applications
      FROM ${applications(query)} AND ${momentCounts('r.created_at', query.period)}
      GROUP BY r.visa_type_id`;
    return named(perType, this.sums, 'applications');
  },
};

const outcomes = [
  { status: 'GRANTED', column: 'granted', date: 'r.date_granted' },
  { status: 'REJECTED', column: 'rejected', date: 'r.date_rejected' },
  { status: 'WITHDRAWN', column: 'withdrawn', date: 'r.date_withdrawn' },
] as const;

/** The report on granted and rejected visas. */
export const visaDecisionsReport: Report = {
  name: 'visa-decisions',
  summary:
    'Visas granted against rejected, and applications withdrawn, by type; the most decided type first.',
  period: 'the date of the decision',
  counts: ['visaapplication'],
  columns: {
    ...type,
    granted: count(),
    rejected: count(),
    withdrawn: count(),
    undated: Type.Integer({ description: 'so decided, but the date is not entered: in no period' }),
    granted_percent: percentage('of granted and rejected'),
  },
  sums: ['granted', 'rejected', 'withdrawn', 'undated'],
  shares: { granted_percent: { part: 'granted', of: ['granted', 'rejected'] } },
  rows(query) {
    const counted = outcomes.map(
      ({ status, column, date }) => sql`
        count(*) FILTER (WHERE r.status = ${status} AND ${dateCounts(date, query.period)}) AS ${sql.ref(column)}`,
    );
    const isUndated = outcomes.map(
      ({ status, date }) => sql`r.status = ${status} AND ${sql.ref(date)} IS NULL`,
    );
    const perType = sql`
      SELECT r.visa_type_id, ${sql.join(counted)},
             count(*) FILTER (WHERE ${sql.join(isUndated, sql` OR `)}) AS undated
      FROM ${applications(query)} GROUP BY r.visa_type_id`;
    const decided = sql`
      SELECT *, granted + rejected AS decided FROM (${perType}) p WHERE granted + rejected + withdrawn + undated > 0`;
    return named(decided, this.sums, 'decided');
  },
};
