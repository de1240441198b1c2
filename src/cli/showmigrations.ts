import type { Command } from 'commander';
import type { DatabaseHandle } from '../database/connections.js';
import { readMigrations } from '../database/migration-files.js';
import { fileName } from '../database/migration-state.js';
import { appliedMigrations, pendingMigrations } from '../database/migrator.js';
import { withOwner } from '../database/owner.js';
import type { CliContext } from './context.js';
import { withDatabase } from './with-database.js';

interface ShownMigration {
  readonly scope: string;
  readonly number: number;
  readonly name: string;
  /** Null while it is pending. */
  readonly applied_at: string | null;
}

/** `leopard showmigrations`: what is applied where, and what is not. */
export function registerShowMigrations(program: Command, context: CliContext): void {
  program
    .command('showmigrations')
    .description('list what is applied to public and to each tenant, and what is pending')
    .option('--json', 'print JSON')
    .action(({ json }: { json?: boolean }) =>
      withDatabase(context, async (handle) => {
        const migrations = await readState(handle);
        if (json) context.print(JSON.stringify(migrations, null, 2));
        else for (const line of lines(migrations)) context.print(line);
      }),
    );
}

async function readState({ owner, app }: DatabaseHandle): Promise<ShownMigration[]> {
  return await withOwner(owner ?? app, async (client) => {
    const applied = await appliedMigrations(client);
    const pending = await pendingMigrations(client, app.user, readMigrations());
    const all = [
      ...applied.map(({ appliedAt, ...migration }) => ({ ...migration, applied_at: appliedAt })),
      ...pending.map((migration) => ({ ...migration, applied_at: null })),
    ];
    const place = ({ scope }: ShownMigration) => (scope === 'shared' ? '' : scope);
    return all.sort((a, b) => compare(place(a), place(b)) || a.number - b.number);
  });
}

function lines(migrations: readonly ShownMigration[]): string[] {
  return migrations.flatMap((migration, index) => {
    const { scope, applied_at: appliedAt } = migration;
    const heading = scope === migrations[index - 1]?.scope ? [] : [scope === 'shared' ? 'public' : scope];
    const mark = appliedAt === null ? '[ ]' : '[x]';
    return [...heading, `  ${mark} ${fileName(migration)}  ${appliedAt ?? ''}`.trimEnd()];
  });
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
