import type { Command } from 'commander';
import { UsageError } from './cli-error.js';

/** Returns what to type for a command's help. */
export function helpFor(command: Command): string {
  const names: string[] = [];
  for (let at: Command | null = command; at?.parent; at = at.parent) names.unshift(at.name());
  return ['leopard help', ...names].join(' ');
}

/**
 * Returns the command whose help is requested by words: `help events list` or `events help list`. Commander takes one
 * word after `help` and ignores the rest.
 * @returns null when help is not requested that way
 * @throws UsageError when there is no such command
 */
export function helpAskedFor(args: readonly string[], program: Command): Command | null {
  const [first = '', second] = args;
  if (first === 'help') return find(program, args.slice(1));
  const group = second === 'help' && subcommand(program, first);
  return group && group.commands.length > 0 ? find(group, args.slice(2)) : null;
}

function find(start: Command, words: readonly string[]): Command {
  let found = start;
  for (const word of words) {
    if (word === 'help' || word === '--help' || word === '-h') continue;
    const next = subcommand(found, word);
    if (!next) throw new UsageError(`unknown command '${word}'`, found);
    found = next;
  }
  return found;
}

function subcommand(command: Command, name: string): Command | undefined {
  return command.commands.find((one) => one.name() === name || one.aliases().includes(name)) as
    | Command
    | undefined;
}
