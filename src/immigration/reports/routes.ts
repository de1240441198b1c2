import { Type } from '@sinclair/typebox';
import type { CurrentUser } from '../../auth/current-user.js';
import type { Database } from '../../database/database.js';
import { component } from '../../http/component.js';
import { permissionDenied } from '../../http/errors.js';
import { allows } from '../../routing/policy.js';
import { type RouteDefinition, route } from '../../routing/route.js';
import { csvLines } from '../shared/csv.js';
import { CSV, sendCsv } from '../shared/csv-answer.js';
import { modelPolicy } from '../shared/resource-policy.js';
import { answerSchema, completed, type Report, type ReportRow, totalsOf } from './report.js';
import { parameters, type ReportQuery, readReportQuery } from './report-query.js';
import { REPORTS } from './reports.js';

const PATH = '/api/v1/reports/';
const tag = 'reports';
const { see: policy } = modelPolicy('client');

const ReportEntry = component(
  'ReportEntry',
  Type.Object({
    name: Type.String(),
    summary: Type.String(),
    period: Type.String({ description: 'what of it lies in the period that is asked for' }),
    path: Type.String(),
  }),
);

/** Returns the routes of reports. */
export function reportRoutes(database: Database): RouteDefinition[] {
  return [
    route({
      method: 'GET',
      path: PATH,
      tag,
      summary: 'The reports that one may see.',
      policy,
      response: Type.Array(ReportEntry),
      handler: async ({ user }) =>
        REPORTS.filter((report) => sees(user, report)).map(({ name, summary, period }) => ({
          name,
          summary,
          period,
          path: pathOf(name),
        })),
    }),
    ...REPORTS.map((report) => reportRoute(database, report)),
  ];
}

const pathOf = (name: string) => `${PATH}${name}/`;

/** Returns whether a user may see what a report counts, besides clients. */
function sees(user: CurrentUser, { counts }: Report): boolean {
  return counts.every((model) => allows(modelPolicy(model).see, user));
}

function reportRoute(database: Database, report: Report): RouteDefinition {
  return route({
    method: 'GET',
    path: pathOf(report.name),
    tag,
    summary: report.summary,
    policy,
    negotiates: false,
    fromReplica: true,
    query: parameters,
    response: answerSchema(report),
    produces: [CSV],
    errors: [400],
    handler: async (request, reply) => {
      const { user, context, query } = request;
      if (!sees(user, report)) throw permissionDenied();
      const reportQuery = readReportQuery(request);
      const found = await database.tenantQuery(context, report.rows(reportQuery));
      const rows = found.map((row) => completed(report, row));
      const { firstDate: from, lastDate: to } = reportQuery.period;
      if (reportQuery.format === 'csv') {
        const pieces = [fileOf(report, rows)];
        const next = async () => pieces.shift() ?? null;
        return await sendCsv(request, reply, {
          filename: fileName(report, reportQuery),
          mark: query.boolean('bom'),
          next,
        });
      }
      const { branch } = reportQuery;
      return {
        report: report.name,
        from,
        to,
        branch,
        time_zone: reportQuery.zone,
        rows,
        totals: totalsOf(report, user, rows),
      };
    },
  });
}

/** Returns the columns of the report with a line for each row. */
function fileOf({ columns }: Report, rows: readonly ReportRow[]): string {
  const names = Object.keys(columns);
  return csvLines([names, ...rows.map((row) => names.map((name) => row[name] ?? null))]);
}

function fileName({ name }: Report, { period: { firstDate, lastDate } }: ReportQuery): string {
  const dates = firstDate === null && lastDate === null ? '' : `_${firstDate ?? ''}_${lastDate ?? ''}`;
  return `${name}${dates}.csv`;
}
