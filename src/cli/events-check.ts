import type { Command } from 'commander';
import { withOwner } from '../database/owner.js';
import { shippedCapture } from '../events/capture/capture.js';
import { checkCapture } from '../events/capture/check.js';
import { CliError } from './cli-error.js';
import type { CliContext } from './context.js';
import { atEachCell, handlesOf, requireAllCells } from './each-cell.js';
import { withDatabase } from './with-database.js';

/** Adds `leopard events check`, which compares every tenant's triggers with src/events/config.ts. */
export function addEventsCheckCommand(events: Command, context: CliContext): void {
  events
    .command('check')
    .description('report tenants whose triggers differ from the configuration')
    .option('--json', 'print JSON')
    .action(({ json }: { json?: boolean }) =>
      withDatabase(context, async (handle) => {
        const all = await atEachCell(handlesOf(handle), ({ owner, app }) =>
          withOwner(owner ?? app, (client) => checkCapture(client, shippedCapture())),
        );
        const findings = all.found.flatMap(({ result }) => result);
        context.show(json, findings, () =>
          findings.length === 0
            ? [
                `every tenant${all.problems.length > 0 ? ' of the other cells' : ''} captures what the configuration says`,
              ]
            : findings.flatMap(({ schema, problems }) => problems.map((problem) => `${schema}: ${problem}`)),
        );
        for (const problem of findings.length > 0 ? all.problems : []) context.warn(problem);
        if (findings.length > 0) {
          throw new CliError(
            `events of ${findings.length} ${findings.length === 1 ? 'tenant are' : 'tenants are'} not captured as configured; run: leopard migrate`,
          );
        }
        requireAllCells(all);
      }),
    );
}
