import { destination, type Logger, type LoggerOptions, pino } from 'pino';
import { type ErrorFields, errorFields } from './error-fields.js';

/** Maximum number of bytes buffered while the log cannot be written; the rest is lost. */
const MOST_KEPT = 1024 * 1024;
export const STDOUT = 1;
const ERROR = 50;
const FATAL = 60;

/** A line of the log at level error or fatal. */
export interface ErrorLine {
  readonly level: 'error' | 'fatal';
  readonly msg: string;
  /** The line's other fields, without `err`. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly err: ErrorFields | null;
}

/** The receiver of the errors that this process logs, besides its log; null unless errors are reported. */
export const errorLines: { sink: ((line: ErrorLine) => void) | null } = { sink: null };

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

/** Returns the options of every log of the program but the security log's. @param level as in LOG_LEVEL */
export function logOptions(level: string): LoggerOptions {
  return {
    level,
    serializers: { err: errorFields },
    hooks: {
      logMethod(given, write, number) {
        if (number >= ERROR && errorLines.sink) errorLines.sink(lineOf(this, given, number));
        Reflect.apply(write, this, given);
      },
    },
  };
}

/** Returns a log on stdout, in lines of JSON. @param level as in LOG_LEVEL */
export function openLog(level: string): Logger {
  return pino(logOptions(level), openDestination(STDOUT));
}

function lineOf(log: Logger, given: readonly unknown[], number: number): ErrorLine {
  const [about, text] = given;
  const { err, ...fields } = (typeof about === 'object' ? about : {}) as Record<string, unknown>;
  return {
    level: number >= FATAL ? 'fatal' : 'error',
    msg: String((typeof about === 'object' ? text : about) ?? ''),
    fields: { ...log.bindings(), ...fields },
    err: err === undefined ? null : errorFields(err),
  };
}
