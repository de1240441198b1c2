import type { SchemaFailure } from '../schema/in-parallel.js';
import { groupFailures } from '../schema/migration-failures.js';
import type { MigrationReport } from '../schema/migrator.js';

/** Maximum number of mended faults that are listed; the others are counted. */
const MOST_MENDED = 50;
/** Maximum number of tenants that are named for one failure. */
const MOST_NAMED = 10;

/** Returns the results of a run for people, without the failures. */
export function reportLines(report: MigrationReport): string[] {
  const { applied, scopes, captures, repairs, mended, failures } = report;
  const lines: string[] = [];
  if (applied > 0)
    lines.push(`applied ${count(applied, 'migration')} to ${count(scopes, 'schema', 'schemas')}`);
  else if (captures > 0) lines.push(`renewed the capture of events of ${count(captures, 'tenant')}`);
  if (repairs > 0)
    lines.push(`restored missing functions, triggers or privileges of ${count(repairs, 'tenant')}`);
  else if (applied === 0 && captures === 0 && scopes > 0)
    lines.push(
      `put ${count(scopes, 'schema', 'schemas')} in order: the program's rights, or what waits in the queues`,
    );
  else if (applied === 0 && captures === 0 && failures.length === 0 && mended.length === 0)
    lines.push('nothing to do: everything is applied');
  lines.push(...mended.slice(0, MOST_MENDED).map((text) => `mended: ${text}`));
  if (mended.length > MOST_MENDED) lines.push(`mended: ${mended.length - MOST_MENDED} more like these`);
  return lines;
}

/** Returns one line for each kind of failure, the most frequent first, with the tenants that failed in this way. */
export function failureLines(failures: readonly SchemaFailure[]): string[] {
  return groupFailures(failures).map(({ message, scopes: [, ...others] }) => {
    if (others.length === 0) return message;
    const more = others.length > MOST_NAMED ? ` and ${others.length - MOST_NAMED} more` : '';
    return `${message} (so did ${count(others.length, 'other')}: ${others.slice(0, MOST_NAMED).join(', ')}${more})`;
  });
}

/** Returns a number with its noun. */
export function count(n: number, what: string, many = `${what}s`): string {
  return `${n} ${n === 1 ? what : many}`;
}
