import { destination, type Logger, pino } from 'pino';

/** Maximum number of bytes buffered while the log cannot be written; the rest is lost. */
const MOST_KEPT = 1024 * 1024;
export const STDOUT = 1;

/**
 * Opens the destination of a log. A line that cannot be written, as on a full disk, is retried with the next one: a
 * failing log must not end the process.
 * @param dest a file to which lines are appended, or a file descriptor
 */
export function openDestination(dest: string | number) {
  const output = destination({ dest, sync: true, maxLength: MOST_KEPT });
  output.removeAllListeners('error'); // pino's own rethrows it, which ends the process
  output.on('error', () => undefined);
  return output;
}

/** Returns a log on stdout, in lines of JSON. @param level as in LOG_LEVEL */
export function openLog(level: string): Logger {
  return pino({ level }, openDestination(STDOUT));
}
