import type { Config } from '../config/config.js';
import type { DatabaseHandle } from '../database/connections.js';
import { type Finding, ok, problem, type Result } from '../database/finding.js';
import { withOwner } from '../database/owner.js';
import { shortName } from '../tenancy/tenant-name.js';
import { unfinishedRestore } from './restore-target.js';
import { agesOfAll } from './scheduled-backups.js';

/** Number of tenants named in one line. */
const NAMED = 5;

/** Returns the state of backups; nothing where none are scheduled and no restore is unfinished. */
export async function diagnoseBackups(
  { owner, app }: Pick<DatabaseHandle, 'owner' | 'app'>,
  { backups }: Pick<Config, 'backups'>,
): Promise<Finding[]> {
  const results: Result[] = [];
  const unfinished = owner && (await withOwner(owner, unfinishedRestore));
  if (unfinished)
    results.push(
      problem(
        `the restore of a backup began at ${unfinished.startedAt} and did not end, so that tenants may be missing; run it again: leopard restore`,
      ),
    );
  if (backups.directory !== null)
    results.push(
      await withOwner(app, (client) => agesOfAll(client, backups)).then(ageResult, (error: Error) =>
        problem(`the backups cannot be examined (${error.message})`),
      ),
    );
  return results.map((result) => ({ check: 'backups', ...result }));
}

function ageResult(ages: Awaited<ReturnType<typeof agesOfAll>>): Result {
  const hours = (age: number) => `${Math.round(age / 3600)} hours old`;
  const overdue = ages.filter(({ isOverdue }) => isOverdue);
  const [oldest] = overdue;
  if (!oldest) return ok(`the newest of each is ${hours(ages[0]?.age ?? 0)} at most`);
  const names = overdue
    .slice(0, NAMED)
    .map(({ scope }) => (scope === 'public' ? 'the shared tables' : shortName(scope)));
  const more = overdue.length > NAMED ? ` and ${overdue.length - NAMED} more` : '';
  return problem(
    `the newest of ${names.join(', ')}${more} is ${hours(oldest.age)}; see why in the log of the scheduler, or run: leopard backup due`,
  );
}
