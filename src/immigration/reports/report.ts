import { type TProperties, type TSchema, Type } from '@sinclair/typebox';
import type { CurrentUser } from '../../auth/current-user.js';
import type { Sql } from '../../database/sql.js';
import { component } from '../../http/component.js';
import { nullableSchema } from '../../http/fields/field.js';
import type { Model } from '../../kinds/kinds.js';
import type { ReportQuery } from './report-query.js';

type Cell = string | number | null;
export type ReportRow = Readonly<Record<string, Cell>>;

/** The percentage that one column is of the sum of others. */
interface Share {
  readonly part: string;
  readonly of: readonly string[];
}

/** A report: figures read by one statement, as rows of named columns, output as JSON or CSV. */
export interface Report {
  /** Its name in the path, and of the file. */
  readonly name: string;
  /** Its content, in a few words. */
  readonly summary: string;
  /** The records that the period restricts. */
  readonly period: string;
  /** Models that the user must be permitted to view, besides clients. */
  readonly counts: readonly Model[];
  /** The columns in their order, with their schemas. */
  readonly columns: TProperties;
  /** The columns whose sum over the rows is meaningful. */
  readonly sums: readonly string[];
  /** Columns that are a percentage of others; the sums have them where they have the others. */
  readonly shares?: Readonly<Record<string, Share>>;
  /** Columns that are null for this user. */
  hidden?(user: CurrentUser): readonly string[];
  rows(query: ReportQuery): Sql<ReportRow>;
}

/** Returns the schema of a number of records. */
export const count = () => Type.Integer();
/** Returns the schema of a percentage, which is null where the whole is 0. */
export const percentage = (description: string) => nullableSchema(Type.Number({ description }));

/** Returns a row with its percentages: rounded to one decimal place, null where the whole is 0. */
export function completed({ shares = {} }: Report, row: ReportRow): ReportRow {
  const entries = Object.entries(shares).map(([name, { part, of }]): [string, Cell] => {
    const whole = of.reduce((total, column) => total + Number(row[column]), 0);
    return [name, whole > 0 ? Math.round((Number(row[part]) * 1000) / whole) / 10 : null];
  });
  return { ...row, ...Object.fromEntries(entries) };
}

/** Returns the names of the percentages that follow from the sums. */
function sharesOfSums({ sums, shares = {} }: Report): string[] {
  const isSummed = (column: string) => sums.includes(column);
  return Object.entries(shares)
    .filter(([, { part, of }]) => [part, ...of].every(isSummed))
    .map(([name]) => name);
}

/** Returns the sums over all rows, with their percentages; null for what this user may not see. */
export function totalsOf(report: Report, user: CurrentUser, rows: readonly ReportRow[]): ReportRow {
  const hidden = report.hidden?.(user) ?? [];
  const sumOf = (name: string) => rows.reduce((total, row) => total + Number(row[name]), 0);
  const sums = report.sums.map((name): [string, Cell] => [name, hidden.includes(name) ? null : sumOf(name)]);
  const all = completed(report, Object.fromEntries(sums));
  const names = [...report.sums, ...sharesOfSums(report)];
  return Object.fromEntries(names.map((name) => [name, all[name] ?? null]));
}

/** Returns the schema of a report's JSON. */
export function answerSchema(report: Report): TSchema {
  const { name, columns, sums, period } = report;
  const title = name.replaceAll(/(^|-)(.)/g, (_, _gap, letter: string) => letter.toUpperCase());
  const inTotals = [...sums, ...sharesOfSums(report)];
  const totals = Object.fromEntries(inTotals.map((column) => [column, columns[column] as TSchema]));
  const day = (description: string) => nullableSchema(Type.String({ format: 'date', description }));
  return component(
    `${title}Report`,
    Type.Object({
      report: Type.String(),
      from: day(`in the period lies: ${period}`),
      to: day('the last day; null: no end'),
      branch: nullableSchema(Type.Integer()),
      time_zone: Type.String({ description: 'in which days begin and end' }),
      rows: Type.Array(component(`${title}Row`, Type.Object(columns))),
      totals: Type.Object(totals, { description: 'over all rows' }),
    }),
  );
}
