/**
 * The points of a run of migrations at which something has just been committed, or is about to be: a process that is
 * killed at any of them leaves what the next run continues.
 */
export const MIGRATION_STEPS = [
  /** Schema and role exist; nothing is applied. */
  'schema',
  /** The SQL of a migration was carried out, and is not committed. */
  'carried out',
  /** A migration and its row in the ledger are committed. */
  'recorded',
  /** Before a statement of a migration without a transaction. */
  'statement',
  /** After such a statement, whose effect is committed, while the ledger does not know of it. */
  'statement done',
  /** The tenant is up to date; that it failed before is forgotten. */
  'up to date',
  /** All tenants were done, and none is examined yet. */
  'examining',
] as const;

type MigrationStep = (typeof MIGRATION_STEPS)[number];

/** Called at each step; what it returns is waited for. */
export type OnMigrationStep = (step: MigrationStep, scope: string) => void | Promise<void>;
