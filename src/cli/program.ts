import { Command, CommanderError } from 'commander';
import { ConfigError } from '../config.js';
import { PlainError } from '../plain-error.js';
import { CliError, USAGE_EXIT_CODE } from './cli-error.js';
import type { CliContext } from './context.js';
import { registerServe } from './serve.js';

/** Adds one command to the program; every file of a command exports one. */
export type Register = (program: Command, context: CliContext) => void;

const COMMANDS: readonly Register[] = [registerServe];

/** The command line, `leopard <command> …`. */
export function createProgram(context: CliContext): Command {
  const program = new Command('leopard')
    .description('Backend of a multi-tenant CRM for immigration and study-abroad agencies')
    .helpCommand('help [command]', 'show all commands, or one')
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  for (const register of COMMANDS) register(program, context);
  for (const command of allCommands(program)) command.copyInheritedSettings(program);
  return program;
}

/**
 * Runs one command.
 * @param args what follows `leopard` on the command line
 * @returns the exit code: 0, 1 for what failed, 2 for wrong usage, or the error's own.
 */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  const program = createProgram(context);
  try {
    if (args.length === 0) {
      context.print(program.helpInformation().trimEnd());
      return USAGE_EXIT_CODE;
    }
    await program.parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0; // help was asked for, and shown
    const { lines, exitCode } = describe(error);
    process.stderr.write(lines.map((line) => `${line}\n`).join(''));
    return exitCode;
  }
}

function allCommands(program: Command): Command[] {
  return program.commands.flatMap((command) => [command, ...allCommands(command)]) as Command[];
}

/** System errors that are the surroundings' fault, not the program's. */
const SURROUNDINGS = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT']);

/** What to say of an error. Only faults of the program itself show where they come from. */
export function describe(error: unknown): { lines: string[]; exitCode: number } {
  if (error instanceof CommanderError) {
    const text = error.message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ');
    return { lines: [`${text}; see: leopard help`], exitCode: USAGE_EXIT_CODE };
  }
  if (error instanceof ConfigError) return { lines: [...error.problems], exitCode: 1 };
  if (error instanceof CliError) return { lines: [error.message], exitCode: error.exitCode };
  if (error instanceof PlainError) return { lines: [error.message], exitCode: 1 };
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (SURROUNDINGS.has(code)) return { lines: [message], exitCode: 1 };
  return { lines: [error instanceof Error ? (error.stack ?? message) : String(error)], exitCode: 1 };
}
