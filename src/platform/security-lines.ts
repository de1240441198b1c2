import { chmodSync, closeSync, openSync } from 'node:fs';
import { pino } from 'pino';
import { openDestination, STDOUT } from './log.js';

/** The fields of a line, besides `level`, `time` and `"log":"security"`. */
export type SecurityLine = Readonly<Record<string, unknown>>;

let write: ((line: SecurityLine) => void) | null = null;

/**
 * Opens the destination of the security log's lines for this process; until then they are dropped, as in commands, whose
 * stdout is their result. Lines are written whatever LOG_LEVEL says.
 * @param file a file to which lines are appended, readable for its owner alone; '' for stdout
 * @throws the system's error when the file cannot be opened
 */
export function openSecurityLines(file: string): void {
  if (file) {
    closeSync(openSync(file, 'a', 0o600));
    chmodSync(file, 0o600); // it may have been made by something else
  }
  const log = pino({ level: 'info', base: null }, openDestination(file || STDOUT)).child({ log: 'security' });
  write = (line) => log.info(line);
}

/** Passes lines to a function instead, as tests do. */
export function divertSecurityLines(to: ((line: SecurityLine) => void) | null): void {
  write = to;
}

/** Writes a line. The texts in it must be free of control characters (one-line.ts). */
export function writeSecurityLine(line: SecurityLine): void {
  write?.(line);
}
