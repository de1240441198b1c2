import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { ObservabilitySettings } from '../config/observability-settings.js';
import { PACKAGE_ROOT } from '../platform/package-root.js';
import { logSlowStatements } from './slow-statement-log.js';

export interface RunningObservability {
  /** Sends what waits, within a limited time. */
  close(): Promise<void>;
}

/**
 * Begins to log slow statements, and to export spans and report errors where the settings say where to. Call it before the parts that it observes start. The packages
 * for it are loaded only then.
 */
export async function startObservability(
  { tracing, sentry, slow }: ObservabilitySettings,
  log: Pick<Logger, 'warn'>,
): Promise<RunningObservability> {
  const running: RunningObservability[] = [logSlowStatements(slow, log)];
  const about = { version: packageVersion(), warn: (line: string) => log.warn(line) };
  if (tracing.url !== '') {
    const { startTracing } = await import('./tracing.js');
    running.push(startTracing(tracing, about));
  }
  if (sentry.dsn !== '') {
    const { startSentry } = await import('./sentry.js');
    running.push(startSentry(sentry, about));
  }
  return {
    async close() {
      await Promise.all(running.map((one) => one.close()));
    },
  };
}

function packageVersion(): string {
  return JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')).version;
}
