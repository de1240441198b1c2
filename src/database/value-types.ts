import pg from 'pg';
import { readStoredJson } from './json.js';

const { builtins } = pg.types;
const INT8_ARRAY = 1016;

type Parser = (text: string) => unknown;

/**
 * Converts PostgreSQL's `2026-01-31 09:00:00.5+00` into the contract's `2026-01-31T09:00:00.500000Z`: UTC, microseconds
 * only when they are not zero. The session's time zone is UTC (tenant-transaction.ts).
 */
function formatTimestamp(text: string): string {
  const split = text.indexOf(' ');
  if (split < 0) return text; // infinity
  const zone = text.indexOf('+', split);
  const time = text.slice(split + 1, zone < 0 ? undefined : zone);
  const point = time.indexOf('.');
  const clock = point < 0 ? time : `${time.slice(0, point)}.${time.slice(point + 1).padEnd(6, '0')}`;
  return `${text.slice(0, split)}T${clock}Z`;
}

/** Parses arrays of numbers as PostgreSQL writes them, `{1,2,3}`. */
function numberArray(text: string): number[] {
  return text === '{}' ? [] : text.slice(1, -1).split(',').map(Number);
}

const PARSERS: ReadonlyMap<number, Parser> = new Map<number, Parser>([
  [builtins.INT8, Number], // ids stay far below 2^53
  [builtins.TIMESTAMPTZ, formatTimestamp],
  [builtins.DATE, String],
  [builtins.TIME, String],
  [builtins.INTERVAL, String],
  [builtins.NUMERIC, String],
  [builtins.JSON, readStoredJson],
  [builtins.JSONB, readStoredJson],
  [INT8_ARRAY, numberArray],
]);

/** Converters of result columns to JavaScript values, on every connection of the program. */
export const valueTypes: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    return PARSERS.get(oid) ?? pg.types.getTypeParser(oid, format as 'text');
  },
} as pg.CustomTypesConfig;
