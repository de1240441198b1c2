import type { Command } from 'commander';
import { withOwner } from '../database/owner.js';
import { shippedCapture } from '../events/capture/capture.js';
import { checkCapture } from '../events/capture/check.js';
import { CliError } from './cli-error.js';
import type { CliContext } from './context.js';
import { withDatabase } from './with-database.js';

/** Adds `leopard events check`, which compares every tenant's triggers with src/events/config.ts. */
export function addEventsCheckCommand(events: Command, context: CliContext): void {
  events
    .command('check')
    .description('report tenants whose triggers differ from the configuration')
    .option('--json', 'print JSON')
    .action(({ json }: { json?: boolean }) =>
      withDatabase(context, async ({ owner, app }) => {
        const findings = await withOwner(owner ?? app, (client) => checkCapture(client, shippedCapture()));
        context.show(json, findings, () =>
          findings.length === 0
            ? ['every tenant captures what the configuration says']
            : findings.flatMap(({ schema, problems }) => problems.map((problem) => `${schema}: ${problem}`)),
        );
        if (findings.length > 0) {
          throw new CliError(
            `events of ${findings.length} ${findings.length === 1 ? 'tenant are' : 'tenants are'} not captured as configured; run: leopard migrate`,
          );
        }
      }),
    );
}
