import { type TProperties, type TSchema, Type } from '@sinclair/typebox';
import type { CurrentUser } from '../../auth/current-user.js';
import type { RawBuilder } from '../../database/queries.js';
import { component } from '../../http/component.js';
import { nullableSchema } from '../../http/fields/field.js';
import type { Model } from '../../kinds/kinds.js';
import type { ReportQuery } from './report-query.js';

type Cell = string | number | null;
export type ReportRow = Readonly<Record<string, Cell>>;

/** How many percent one column is of the sum of others. */
interface Share {
  readonly part: string;
  readonly of: readonly string[];
}

/** Figures that one statement finds, as rows of named columns: JSON, and lines of a CSV file. */
export interface Report {
  /** In the path, and of the file. */
  readonly name: string;
  /** What it tells, in a few words. */
  readonly summary: string;
  /** What of it lies in the period that is asked for. */
  readonly period: string;
  /** Models that one must be permitted to view, beside clients. */
  readonly counts: readonly Model[];
  /** The columns in their order, with their schemas. */
  readonly columns: TProperties;
  /** The columns whose sum over the rows says something. */
  readonly sums: readonly string[];
  /** Columns that are a share of others in percent; the sums have them where they have the others. */
  readonly shares?: Readonly<Record<string, Share>>;
  /** Columns that are null for this user. */
  hidden?(user: CurrentUser): readonly string[];
  rows(question: ReportQuery): RawBuilder<ReportRow>;
}

/** A number of records. */
export const count = () => Type.Integer();
/** A share in percent, or null where there is nothing to have a share in. */
export const percentage = (description: string) => nullableSchema(Type.Number({ description }));

/** A row with its shares: with one digit behind the point, null of nothing. */
export function completed({ shares = {} }: Report, row: ReportRow): ReportRow {
  const entries = Object.entries(shares).map(([name, { part, of }]): [string, Cell] => {
    const whole = of.reduce((total, column) => total + Number(row[column]), 0);
    return [name, whole > 0 ? Math.round((Number(row[part]) * 1000) / whole) / 10 : null];
  });
  return { ...row, ...Object.fromEntries(entries) };
}

/** The names of the shares that follow from the sums. */
function sharesOfSums({ sums, shares = {} }: Report): string[] {
  const isSummed = (column: string) => sums.includes(column);
  return Object.entries(shares)
    .filter(([, { part, of }]) => [part, ...of].every(isSummed))
    .map(([name]) => name);
}

/** The sums over all rows, with their shares; null for what this user may not see. */
export function totalsOf(report: Report, user: CurrentUser, rows: readonly ReportRow[]): ReportRow {
  const hidden = report.hidden?.(user) ?? [];
  const sumOf = (name: string) => rows.reduce((total, row) => total + Number(row[name]), 0);
  const sums = report.sums.map((name): [string, Cell] => [name, hidden.includes(name) ? null : sumOf(name)]);
  const all = completed(report, Object.fromEntries(sums));
  const names = [...report.sums, ...sharesOfSums(report)];
  return Object.fromEntries(names.map((name) => [name, all[name] ?? null]));
}

/** What a report answers as JSON. */
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
