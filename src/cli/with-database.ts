import { type DatabaseHandle, openDatabase } from '../database/connections.js';
import type { CliContext } from './context.js';

const SIGNALS = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const;

/**
 * Runs a command's work with the database: beside a running program with its embedded server, else with one that
 * is started for the time of the command. A signal ends the command, and that server in order.
 * @throws PlainError when the database cannot be used, and what `work` throws.
 */
export async function withDatabase<T>(
  context: CliContext,
  work: (handle: DatabaseHandle) => Promise<T>,
): Promise<T> {
  const progress = context.progress(process.stderr);
  const opening = openDatabase(context.config(), {
    shared: true,
    ...(process.stderr.isTTY ? { onProgress: progress.say } : {}),
  });
  const close = () => opening.then((handle) => handle.close());
  for (const [signal, number] of Object.entries(SIGNALS)) {
    process.once(signal, () => void close().finally(() => process.exit(128 + number)));
  }
  const handle = await opening.finally(progress.done);
  try {
    return await work(handle);
  } finally {
    await close();
  }
}
