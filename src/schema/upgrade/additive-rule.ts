import type { Migration, MigrationFiles } from '../../database/migration-files.js';
import type { OwnerClient } from '../../database/owner.js';
import { fileName } from '../migration-state.js';
import { isNamedBreaking } from '../newer-migrations.js';
import { longLocks } from './lock-rule.js';
import { type TrialStep, tryMigrations } from './trial.js';

/** Numbers of the last migrations, by kind. */
interface LastNumbers {
  readonly shared: number;
  readonly tenant: number;
}

/** The last migrations from before the rule that migrations only add. */
export const BEFORE_THE_RULE: LastNumbers = { shared: 18, tenant: 55 };
/** The last migrations from before the rule that they lock no large table for long. */
const BEFORE_LOCK_RULE: LastNumbers = { shared: 21, tenant: 57 };

/**
 * Finds migrations that do more than add, although their name does not end in `_breaking`, by carrying them out on
 * copies.
 * @param after the numbers after which the rule holds
 * @returns one line for each change, beginning with the file's name without extension
 */
export async function findBreakingMigrations(
  client: OwnerClient,
  files: MigrationFiles,
  after: LastNumbers = BEFORE_THE_RULE,
): Promise<string[]> {
  return breakingOf(await stepsAfter(client, files, after));
}

/**
 * Finds migrations that break one of the rules: they only add, and they lock no large table for long.
 * @returns one line for each change or lock, beginning with the file's name, and ending with what to do
 */
export async function findRefusedMigrations(
  client: OwnerClient,
  files: MigrationFiles,
  locksAfter: LastNumbers = BEFORE_LOCK_RULE,
): Promise<string[]> {
  const steps = await stepsAfter(client, files, BEFORE_THE_RULE);
  const locks = steps
    .filter(({ migration }) => migration.number > locksAfter[migration.kind])
    .flatMap(({ migration, step }) => longLocks(step, migration.sql).map((line) => `${step.name}: ${line}`));
  return [
    ...breakingOf(steps).map(
      (line) =>
        `${line}; older versions may fail on that: only add, or let the file's name end in _breaking (docs/migrations.md)`,
    ),
    ...locks.map(
      (line) =>
        `${line}; take a form that lets them through, or say why not in a line "-- locks: table: reason" (docs/migrations.md)`,
    ),
  ];
}

interface TriedMigration {
  readonly migration: Migration;
  readonly step: TrialStep;
}

async function stepsAfter(
  client: OwnerClient,
  files: MigrationFiles,
  after: LastNumbers,
): Promise<TriedMigration[]> {
  const all = [...files.shared, ...files.tenant];
  const pending = all.filter(({ kind, number }) => number > after[kind]);
  if (pending.length === 0) return [];
  const applied = all.filter((migration) => !pending.includes(migration));
  const steps = await tryMigrations(client, { applied, pending, capture: null });
  return steps.flatMap((step) => {
    const migration = pending.find((one) => one.kind === step.kind && fileName(one) === step.name);
    return migration ? [{ migration, step }] : [];
  });
}

function breakingOf(steps: readonly TriedMigration[]): string[] {
  return steps
    .filter(({ step }) => !isNamedBreaking(step.name))
    .flatMap(({ step }) => step.breaking.map(({ object, what }) => `${step.name}: ${object} ${what}`));
}
