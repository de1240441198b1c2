import type { Config } from '../config/config.js';
import { openLog } from '../platform/log.js';
import type { CliContext } from './context.js';
import { asTyped } from './invocation.js';
import { createProgress } from './progress.js';

/** The context of a long-running command, with the log for the error that ends it. */
export interface RunningContext extends CliContext {
  /** Logs why the command fails; the error goes to stderr as well. */
  logFailure(error: unknown): void;
}

/**
 * Returns a context that writes plain text at a terminal and in development, and elsewhere lines of JSON, like all
 * others on stdout. Start and stop are reported at any LOG_LEVEL except `silent`.
 */
export function runningContext(
  context: CliContext,
  { debug, logLevel }: Pick<Config, 'debug' | 'logLevel'>,
): RunningContext {
  if (debug || process.stdout.isTTY) return { ...context, logFailure: () => undefined };
  const log = openLog(logLevel === 'silent' ? 'silent' : 'info');
  const print = (line: string) => {
    if (line.trim() !== '') log.info(line.trim());
  };
  const write = (line: string | Uint8Array) => {
    print(String(line));
    return true;
  };
  return {
    ...context,
    print,
    warn: (line) => log.warn(asTyped(line, context.invocation)),
    progress: () => createProgress({ isTTY: false, columns: 0, write }),
    logFailure: (error) => log.fatal({ err: error }, 'ended'),
  };
}
