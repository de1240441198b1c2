import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { ConfigError } from '../config.js';
import { PACKAGE_ROOT } from '../package-root.js';
import { PlainError } from '../plain-error.js';
import { registerAssignUserScope } from './assign-user-scope.js';
import { CliError, USAGE_EXIT_CODE, UsageError } from './cli-error.js';
import type { CliContext } from './context.js';
import { registerCreateOperator, registerCreateSuperuser } from './createsuperuser.js';
import { registerDbShell } from './dbshell.js';
import { registerDeliveries } from './deliveries.js';
import { registerDoctor } from './doctor.js';
import { registerEvents, registerEventsByOldNames } from './events.js';
import { helpAskedFor, helpFor } from './help.js';
import { registerJobs, registerProcessReminders } from './jobs.js';
import { registerMigrate } from './migrate.js';
import { registerSeed } from './seed.js';
import { registerServe } from './serve.js';
import { registerSetupRolePermissions } from './setup-role-permissions.js';
import { registerShell } from './shell.js';
import { registerShowMigrations } from './showmigrations.js';
import { acceptBothSpellings, termOf, withKnownSpelling } from './spellings.js';
import { registerTenantRegistration } from './tenant-commands.js';
import { registerTenants } from './tenants.js';
import { registerWebhooks } from './webhooks.js';

/** Adds one command to the program; every file of a command exports one. */
export type Register = (program: Command, context: CliContext) => void;

const COMMANDS: readonly Register[] = [
  registerServe,
  registerMigrate,
  registerShowMigrations,
  registerTenants,
  registerTenantRegistration,
  registerCreateSuperuser,
  registerCreateOperator,
  registerSetupRolePermissions,
  registerAssignUserScope,
  registerSeed,
  registerEvents,
  registerEventsByOldNames,
  registerJobs,
  registerProcessReminders,
  registerWebhooks,
  registerDeliveries,
  registerShell,
  registerDbShell,
  registerDoctor,
];

/** The command line, `leopard <command> …`. */
export function createProgram(context: CliContext): Command {
  const program = new Command('leopard')
    .description('Backend of a multi-tenant CRM for immigration and study-abroad agencies')
    .version(JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')).version, '--version')
    .helpCommand('help [command...]', 'show all commands, or one')
    .configureHelp({ subcommandTerm: termOf })
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({ writeOut: (text) => context.print(text.trimEnd()), writeErr: () => undefined });
  for (const register of COMMANDS) register(program, context);
  for (const command of allCommands(program)) {
    command.copyInheritedSettings(program);
    acceptBothSpellings(command);
  }
  return program;
}

/**
 * Runs one command.
 * @param args what follows `leopard` on the command line
 * @returns the exit code: 0, 1 for what failed, 2 for wrong usage, or the error's own.
 */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  const program = createProgram(context);
  let current = program;
  program.hook('preAction', (_, command) => {
    current = command;
  });
  for (const command of [program, ...allCommands(program)]) {
    command.exitOverride((error) => {
      current = command;
      throw error;
    });
  }
  try {
    if (args.length === 0) {
      context.print(program.helpInformation().trimEnd());
      return USAGE_EXIT_CODE;
    }
    const asked = helpAskedFor(args, program);
    if (asked) context.print(asked.helpInformation().trimEnd());
    else await program.parseAsync(withKnownSpelling(args, allCommands(program)), { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0; // help was asked for, and shown
    const { lines, exitCode } = describe(error, current);
    for (const line of lines) context.warn(line);
    return exitCode;
  }
}

function allCommands(program: Command): Command[] {
  return program.commands.flatMap((command) => [command, ...allCommands(command)]) as Command[];
}

/** System errors that are the surroundings' fault, not the program's. */
const SURROUNDINGS = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT']);

/**
 * What to say of an error. Only faults of the program itself show where they come from.
 * @param command what was run, as far as is known
 */
export function describe(error: unknown, command?: Command): { lines: string[]; exitCode: number } {
  const usage = (text: string, of = command) => ({
    lines: [`${text}; see: ${of ? helpFor(of) : 'leopard help'}`],
    exitCode: USAGE_EXIT_CODE,
  });
  if (error instanceof CommanderError) {
    if (error.code === 'commander.help') return usage('a subcommand is missing');
    return usage(error.message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' '));
  }
  if (error instanceof UsageError) return usage(error.message, error.command);
  if (error instanceof ConfigError) return { lines: [...error.problems], exitCode: 1 };
  if (error instanceof CliError) return { lines: [error.message], exitCode: error.exitCode };
  if (error instanceof PlainError) return { lines: [error.message], exitCode: 1 };
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (SURROUNDINGS.has(code)) return { lines: [message], exitCode: 1 };
  return { lines: [error instanceof Error ? (error.stack ?? message) : String(error)], exitCode: 1 };
}
