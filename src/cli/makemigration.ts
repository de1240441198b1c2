import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Argument, type Command } from 'commander';
import type { MigrationKind } from '../database/migration-files.js';
import { MIGRATIONS_DIRECTORY } from '../database/migration-files.js';
import { PACKAGE_ROOT } from '../platform/package-root.js';
import { CliError, UsageError } from './cli-error.js';
import type { CliContext } from './context.js';

const NAME = /^[a-z][a-z0-9_]{0,59}$/;

/** Adds `leopard makemigration`, which writes an empty migration with the next number into a checkout. */
export function addMakeMigrationCommand(program: Command, context: CliContext): void {
  const shared = program.createOption('--shared', 'for schema public').conflicts('tenant');
  program
    .command('makemigration')
    .description('write a migration with the next free number into a checkout, to be filled with SQL')
    .addArgument(new Argument('<name>', 'in lower case, words joined by underscores'))
    .option('--tenant', "for every tenant's schema; so where neither is given")
    .addOption(shared)
    .action((name: string, options: { shared?: boolean }) => {
      if (!NAME.test(name))
        throw new UsageError(
          `"${name}" is no name: lower-case letters, digits and underscores, beginning with a letter, 60 characters at most`,
        );
      const file = writeMigration(MIGRATIONS_DIRECTORY, options.shared ? 'shared' : 'tenant', name);
      context.print(`created ${relative(PACKAGE_ROOT, file)}`);
      context.print(
        'to do by hand: write its SQL, then npm run generate and npm run check (docs/migrations.md)',
      );
    });
}

/**
 * Writes a migration with the next number.
 * @param directory that of the folders `shared` and `tenant`
 * @returns the path of the file
 * @throws CliError where there is no such folder, as in an installation
 */
export function writeMigration(directory: string, kind: MigrationKind, name: string): string {
  const folder = join(directory, kind);
  if (!existsSync(folder))
    throw new CliError('makemigration works in a checkout of the project; this is an installation');
  const last = readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .toSorted()
    .at(-1);
  const number = Number(last?.slice(0, 4) ?? 0) + 1;
  const file = join(folder, `${String(number).padStart(4, '0')}_${name}.sql`);
  const words = name.replaceAll('_', ' ');
  const text = `-- ${words[0]?.toUpperCase()}${words.slice(1)}: what changes, and why.\n`;
  writeFileSync(file, text, { flag: 'wx' });
  return file;
}
