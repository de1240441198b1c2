import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { ConfigError } from '../config/config.js';
import { databaseFailure } from '../database/errors.js';
import { joinLines } from '../platform/join-lines.js';
import { PACKAGE_ROOT } from '../platform/package-root.js';
import { PlainError } from '../platform/plain-error.js';
import { shortageOf } from '../platform/system-errors.js';
import { CliError, USAGE_EXIT_CODE, UsageError } from './cli-error.js';
import { COMMANDS, commandsNamed, type LazyCommand } from './commands.js';
import type { CliContext } from './context.js';
import { helpAskedFor, helpFor } from './help.js';
import { acceptBothSpellings, termOf, withKnownSpelling } from './spellings.js';

/** Builds the command line, `leopard <command> …`. @param commands the commands to include; all by default */
export async function createProgram(
  context: CliContext,
  commands: readonly LazyCommand[] = COMMANDS,
): Promise<Command> {
  const program = new Command(context.invocation)
    .description('Backend of a multi-tenant CRM for immigration and study-abroad agencies')
    .version(JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')).version, '--version')
    .helpCommand('help [command...]', 'show all commands, or one')
    .configureHelp({ subcommandTerm: termOf })
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({ writeOut: (text) => context.print(text.trimEnd()), writeErr: () => undefined });
  for (const { load } of commands) (await load())(program, context);
  for (const command of allCommands(program)) {
    command.copyInheritedSettings(program);
    acceptBothSpellings(command);
  }
  return program;
}

/**
 * Runs one command.
 * @param args what follows `leopard` on the command line
 * @returns the exit code: 0, 1 for failures, 2 for wrong usage, or the error's own
 */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  const program = await createProgram(context, neededFor(args));
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
    if (error instanceof CommanderError && error.exitCode === 0) return 0; // help was requested, and shown
    const { lines, exitCode } = describe(error, current);
    for (const line of lines) context.warn(line);
    return exitCode;
  }
}

/** Finds the commands needed: none for the version, all where help or a suggestion may have to list others. */
function neededFor([first = '', second = '']: readonly string[]): readonly LazyCommand[] {
  if (first === '--version') return [];
  const named = commandsNamed(first).map((command) => {
    const alone = command.alone?.get(second);
    return alone ? { ...command, load: alone } : command;
  });
  return named.length > 0 ? named : COMMANDS;
}

function allCommands(program: Command): Command[] {
  return program.commands.flatMap((command) => [command, ...allCommands(command)]) as Command[];
}

/** Further system errors that are the environment's fault, not the program's. */
const SURROUNDINGS = new Set(['EACCES', 'EPERM']);

/**
 * Describes an error. Only faults of the program itself show where they come from.
 * @param command what was run, as far as is known
 */
export function describe(error: unknown, command?: Command): { lines: string[]; exitCode: number } {
  const usage = (text: string, of = command) => ({
    lines: [`${text}; see: ${of ? helpFor(of) : 'leopard help'}`],
    exitCode: USAGE_EXIT_CODE,
  });
  if (error instanceof CommanderError) {
    if (error.code === 'commander.help') return usage('a subcommand is missing');
    return usage(joinLines(error.message.replace(/^error: |\.$/g, '')));
  }
  if (error instanceof UsageError) return usage(error.message, error.command);
  if (error instanceof ConfigError) return { lines: [...error.problems], exitCode: 1 };
  if (error instanceof CliError) return { lines: [error.message], exitCode: error.exitCode };
  if (error instanceof PlainError) return { lines: [error.message], exitCode: 1 };
  const { code = '', message, syscall, path } = (error ?? {}) as NodeJS.ErrnoException;
  const shortage = shortageOf(error);
  if (shortage) return { lines: [`${message}; ${shortage.wayOut}`], exitCode: 1 };
  const failure = databaseFailure(error);
  if (failure?.kind === 'unavailable' && (path === undefined || syscall === 'connect')) {
    const wayOut = failure.full
      ? 'make room on the disk of the database server'
      : 'see whether it is running, then try again';
    return { lines: [`the database failed: ${message}; ${wayOut}`], exitCode: 1 };
  }
  if (SURROUNDINGS.has(code)) return { lines: [message], exitCode: 1 };
  return { lines: [error instanceof Error ? (error.stack ?? message) : String(error)], exitCode: 1 };
}
