import { randomBytes } from 'node:crypto';
import type { Migration, MigrationKind } from '../../database/migration-files.js';
import { inTransaction, type OwnerClient } from '../../database/owner.js';
import { schemaRightsSql } from '../../database/roles.js';
import { quoteIdentifier } from '../../database/schema-name.js';
import type { Capture } from '../../events/capture/capture.js';
import { PlainError } from '../../platform/plain-error.js';
import { fileName } from '../migration-state.js';
import { type BreakingChange, breakingChanges, declaredAdditive } from './breaking-changes.js';
import { readShape, type SchemaShape } from './shape.js';
import { readTableState, type TableEffect, tableEffects } from './table-effects.js';

/** The migrations of a database: those that its schemas consist of, and those to be tried on top of them. */
interface TrialPlan {
  readonly applied: readonly Migration[];
  readonly pending: readonly Migration[];
  /** The capture of events to be installed at the end; null if it stays as it is. */
  readonly capture: Capture | null;
}

/** The measured effect of one step: a migration, or the renewal of the capture of events. */
export interface TrialStep {
  readonly kind: MigrationKind;
  /** The file's name without extension, or `capture of events`. */
  readonly name: string;
  readonly tables: readonly (Omit<TableEffect, 'schema'> & { readonly schema: 'public' | 'tenant' })[];
  /** Changes that older versions may not be able to work with, without those that the file declares harmless. */
  readonly breaking: readonly BreakingChange[];
  /** Duration on empty tables, in milliseconds. */
  readonly ms: number;
}

/** Thrown when a migration fails on empty tables, so that it would fail at every tenant. */
class TrialFailedError extends PlainError {
  override readonly name = 'TrialFailedError';
}

/** Name of the step that renews the capture of events. */
export const CAPTURE_STEP = 'capture of events';

// Names of tenants' schemas, so that the check of roles does not take them for another program's; none is a tenant's.
const NAME = /^tenant_trial_([0-9a-z]+)_[0-9a-f]{8}(_public)?$/;
const OUTLIVED_MS = 10 * 60_000;
/** Definitions then name the schema of everything, whatever the session's search_path. */
const SHAPE_SEARCH_PATH = 'SET LOCAL search_path TO pg_catalog';
const LIMITS = `SET LOCAL lock_timeout TO '5s'; SET LOCAL statement_timeout TO '60s'`;

/**
 * Carries out pending migrations on empty copies of schema `public` and of a tenant's schema, one transaction each as
 * `migrate` does, and measures what each locks, rewrites, reads and takes away. The copies are made from the applied
 * migrations, have names of their own and are dropped afterwards; the tables of tenants are not touched. Those of a
 * trial that was killed are dropped by the next one.
 * @throws TrialFailedError naming the migration; database errors, such as missing rights to create schemas and roles
 */
export async function tryMigrations(client: OwnerClient, plan: TrialPlan): Promise<TrialStep[]> {
  await dropOutlived(client);
  const tenant = `tenant_trial_${Date.now().toString(36)}_${randomBytes(4).toString('hex')}`;
  const copies: Copies = { public: `${tenant}_public`, tenant };
  try {
    await build(client, copies, plan.applied);
    const last: Step[] = plan.capture ? [{ kind: 'tenant', name: CAPTURE_STEP, sql: plan.capture.sql }] : [];
    const pending = plan.pending.map(
      ({ kind, sql, withoutTransaction, ...migration }): Step => ({
        kind,
        name: fileName(migration),
        sql,
        ...(withoutTransaction && { lock: LOCK_WITHOUT_TRANSACTION }),
      }),
    );
    const steps: TrialStep[] = [];
    const shapes = {
      shared: await shapeOf(client, copies, 'shared'),
      tenant: await shapeOf(client, copies, 'tenant'),
    };
    for (const step of [...pending, ...last]) {
      const { effects, ms } = await carryOut(client, copies, step);
      const shape = await shapeOf(client, copies, step.kind);
      const declared = declaredAdditive(step.sql);
      steps.push({
        kind: step.kind,
        name: step.name,
        tables: effects.map(({ schema, ...effect }) => ({
          ...effect,
          ...(effect.lock && step.lock && { lock: step.lock }),
          schema: schema === copies.public ? 'public' : 'tenant',
        })),
        breaking: breakingChanges(shapes[step.kind], shape)
          .map(({ object, what }) => ({ object: named(object, copies), what: named(what, copies) }))
          .filter(({ object }) => !declared.has(object)),
        ms,
      });
      shapes[step.kind] = shape;
    }
    return steps;
  } finally {
    await drop(client, copies).catch(() => undefined); // the next trial does it
  }
}

interface Copies {
  readonly public: string;
  readonly tenant: string;
}

async function build(client: OwnerClient, copies: Copies, applied: readonly Migration[]): Promise<void> {
  await inTransaction(client, async () => {
    const name = quoteIdentifier(copies.tenant);
    await client.query(`${LIMITS}; CREATE ROLE ${name} NOLOGIN; CREATE SCHEMA ${copies.public}; CREATE SCHEMA ${name};
      ${schemaRightsSql(copies.tenant)}`);
    for (const migration of ordered(applied)) {
      await enter(client, copies, migration.kind);
      await client.query(onCopies(migration.sql, copies)).catch((error: Error) => {
        throw failed(`${fileName(migration)}, which is applied,`, error);
      });
    }
  });
}

const ordered = (migrations: readonly Migration[]) =>
  ['shared', 'tenant'].flatMap((kind) => migrations.filter((migration) => migration.kind === kind));

interface Step {
  readonly kind: MigrationKind;
  readonly name: string;
  readonly sql: string;
  /** The lock that it takes in place of those of its trial, which is made in a transaction. */
  readonly lock?: TableEffect['lock'];
}

/** The lock of CREATE INDEX CONCURRENTLY, DROP INDEX CONCURRENTLY and VALIDATE CONSTRAINT. */
const LOCK_WITHOUT_TRANSACTION = 'SHARE UPDATE EXCLUSIVE';

async function shapeOf(client: OwnerClient, copies: Copies, kind: MigrationKind): Promise<SchemaShape> {
  const schema = kind === 'shared' ? copies.public : copies.tenant;
  return await inTransaction(client, async () => {
    await client.query(SHAPE_SEARCH_PATH);
    return await readShape(client, schema, [copies.tenant]);
  });
}

async function carryOut(
  client: OwnerClient,
  copies: Copies,
  { kind, name, sql }: Step,
): Promise<{ effects: TableEffect[]; ms: number }> {
  const schemas = [copies.public, copies.tenant];
  return await inTransaction(client, async () => {
    await client.query(LIMITS);
    await enter(client, copies, kind);
    const before = await readTableState(client, schemas);
    const begun = performance.now();
    await client.query(onCopies(sql, copies)).catch((error: Error) => {
      throw failed(name, error);
    });
    const ms = performance.now() - begun;
    return { effects: tableEffects(before, await readTableState(client, schemas)), ms };
  });
}

/** Prepares a step: its search_path, and the tenant's own row in the copy of `public`. */
async function enter(client: OwnerClient, copies: Copies, kind: MigrationKind): Promise<void> {
  const schema = quoteIdentifier(kind === 'shared' ? copies.public : copies.tenant);
  await client.query(`SET LOCAL search_path TO ${schema}, pg_temp`);
  if (kind === 'tenant')
    await client.query(
      `INSERT INTO ${copies.public}.tenants_tenant (schema_name, name) VALUES ($1, $1) ON CONFLICT DO NOTHING`,
      [copies.tenant],
    );
}

// Migrations name `public` before each of its objects.
const onCopies = (sql: string, copies: Copies) => sql.replaceAll(/\bpublic\b/g, copies.public);

const named = (text: string, copies: Copies) =>
  text
    .replaceAll(copies.public, 'public')
    .replaceAll(`${copies.tenant}.`, '')
    .replaceAll(copies.tenant, 'the tenant');

function failed(name: string, error: Error): TrialFailedError {
  const { position = '' } = error as { position?: string };
  return new TrialFailedError(
    `the migration ${name} fails on this server: ${error.message}${position && ` (at character ${position})`}`,
    { cause: error },
  );
}

async function dropOutlived(client: OwnerClient): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT nspname AS name FROM pg_catalog.pg_namespace WHERE starts_with(nspname, 'tenant_trial_')
     UNION SELECT rolname FROM pg_catalog.pg_roles WHERE starts_with(rolname, 'tenant_trial_')
     EXCEPT SELECT schema_name FROM public.tenants_tenant`,
  );
  const outlived = new Set(
    rows
      .map(({ name }) => name)
      .filter((name) => Date.now() - Number.parseInt(NAME.exec(name)?.[1] ?? '', 36) > OUTLIVED_MS)
      .map((name) => name.replace(/_public$/, '')),
  );
  for (const tenant of outlived) await drop(client, { public: `${tenant}_public`, tenant });
}

async function drop(client: OwnerClient, copies: Copies): Promise<void> {
  const name = quoteIdentifier(copies.tenant);
  await inTransaction(client, async () => {
    await client.query(
      `${LIMITS}; DROP SCHEMA IF EXISTS ${name} CASCADE; DROP SCHEMA IF EXISTS ${copies.public} CASCADE`,
    );
    await client.query(`DROP ROLE IF EXISTS ${name}`);
  });
}
