import type { DatabaseHandle } from '../database/connections.js';
import type { Database } from '../database/database.js';
import { copyPauses } from '../events/operations/cell-pauses.js';
import type { Job } from '../jobs/job.js';
import { copyToCell } from '../tenancy/cell-rows.js';
import type { RunningCell } from './cells.js';

/** Seconds from one comparison to the next. */
const EVERY = 60;

/**
 * Returns the job that compares the further cells with the catalogue, and repairs what an operation could not copy; none
 * without further cells. Rows of tenants need the owner's settings; `leopard cells sync` copies them otherwise.
 */
export function cellsJob(
  catalogue: DatabaseHandle,
  cells: readonly (RunningCell & { readonly database: Database })[],
): readonly Job[] {
  if (cells.length === 0) return [];
  const job: Job = {
    name: 'cells',
    summary: "copies from the catalogue what a cell's own rows and pauses lack",
    every: EVERY,
    async run({ database }) {
      let done = 0;
      const failures: { schema: string; error: string }[] = [];
      // A cell that is down catches up before it is used again.
      for (const { name, handle, gate, database: cell } of cells.filter(
        ({ gate }) => gate.closedBy === null,
      )) {
        try {
          await copyPauses(database, cell);
          if (!handle.owner) continue;
          const found = await copyToCell(catalogue.app, { name, settings: handle.owner });
          done += found.different.length;
          for (const schema of found.missing)
            failures.push({ schema, error: `the cell ${name} has no row of it` });
          for (const schema of found.surplus)
            failures.push({ schema, error: `the cell ${name} works for it, against the catalogue` });
        } catch (error) {
          gate.failed(error);
          failures.push({ schema: `cell ${name}`, error: (error as Error).message });
        }
      }
      return { done, tenants: [], failures };
    },
  };
  return [job];
}
