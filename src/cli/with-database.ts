import { type DatabaseHandle, openDatabase } from '../database/connections.js';
import { openSecurityLines } from '../platform/security-lines.js';
import type { CliContext } from './context.js';
import { explainNotUpToDate } from './not-up-to-date.js';

const SIGNALS = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const;

export interface WithDatabaseOptions {
  /** Whether the work handles Ctrl-C itself, as a program that it runs does. */
  readonly keepsInterrupt?: boolean;
}

/**
 * Runs a command's work with the database: with a running program's embedded server, or one that is started for the
 * duration of the command. A signal ends the command, and that server in order.
 * @throws PlainError when the database cannot be used, and what `work` throws
 */
export async function withDatabase<T>(
  context: CliContext,
  work: (handle: DatabaseHandle) => Promise<T>,
  { keepsInterrupt = false }: WithDatabaseOptions = {},
): Promise<T> {
  const progress = context.progress(process.stderr);
  const config = context.config();
  // Without a file there are no lines: stdout is the command's result.
  if (config.securityLog.file) openSecurityLines(config.securityLog.file);
  const opening = openDatabase(config, {
    shared: true,
    ...(process.stderr.isTTY ? { onProgress: progress.say } : {}),
  });
  const close = () => opening.then((handle) => handle.close());
  const listeners = Object.entries(SIGNALS).map(([signal, number]) => {
    const end = () => void close().finally(() => process.exit(128 + number));
    const listener = keepsInterrupt && signal === 'SIGINT' ? () => undefined : end;
    process.on(signal, listener);
    return () => process.off(signal, listener);
  });
  try {
    opening.then(progress.done, progress.failed);
    const handle = await opening;
    try {
      return await work(handle);
    } catch (error) {
      throw explainNotUpToDate(error);
    } finally {
      await close();
    }
  } finally {
    for (const stopListening of listeners) stopListening();
  }
}
