import { PlainError } from '../platform/plain-error.js';
import { CliError } from './cli-error.js';

/** SQLSTATEs of a missing table, column, privilege or role. */
const CODES = new Set(['42P01', '42703', '42501', '22023']);

/** Explains an error that means that the database is not set up or not up to date; others are returned unchanged. */
export function explainNotUpToDate(error: unknown): unknown {
  const { code = '', message } = error as Error & { code?: string };
  if (error instanceof PlainError || !CODES.has(code)) return error;
  return new CliError(
    `the database is not up to date, or its roles lack rights (${message}); run: leopard migrate`,
  );
}
