import type { Logger } from 'pino';
import type { ObservabilitySettings } from '../config/observability-settings.js';
import { slowStatements } from '../database/slow-statements.js';
import { LineLimit } from '../platform/line-limit.js';

/** Begins to log the slow round trips of this process to the database (level warn), until the result is closed. */
export function logSlowStatements(
  { statementMs, linesPerMinute }: ObservabilitySettings['slow'],
  log: Pick<Logger, 'warn'>,
): { close(): Promise<void> } {
  const lines = new LineLimit(linesPerMinute);
  if (statementMs > 0) {
    slowStatements.limitMs = statementMs;
    slowStatements.report = ({ reqId, tenant, user, ms, statements }) => {
      const leftOut = lines.take();
      if (leftOut === null) return;
      log.warn({ reqId, tenant, user, ms, statements, leftOut: leftOut || undefined }, 'slow statements');
    };
  }
  return {
    async close() {
      slowStatements.limitMs = Number.POSITIVE_INFINITY;
    },
  };
}
