import type { Command } from 'commander';

/** Lets every command be called with underscores as well as with hyphens. */
export function acceptBothSpellings(command: Command): void {
  const names = [command.name(), ...command.aliases()];
  for (const name of names) {
    for (const other of [name.replaceAll('-', '_'), name.replaceAll('_', '-')]) {
      if (![command.name(), ...command.aliases()].includes(other)) command.alias(other);
    }
  }
}

/**
 * Returns the arguments with the options' names in the known spelling: `--clear_branches` becomes `--clear-branches`.
 * Anything else, such as a value or what follows `--`, stays as it is.
 */
export function withKnownSpelling(args: readonly string[], commands: readonly Command[]): string[] {
  const known = new Set(commands.flatMap((command) => command.options.map((option) => option.long)));
  const end = args.indexOf('--');
  return args.map((argument, index) => {
    if (end >= 0 && index > end) return argument;
    const [, name = '', rest = ''] = /^(--[a-z][a-z_-]*)(=.*)?$/s.exec(argument) ?? [];
    const hyphenated = name.replaceAll('_', '-');
    return name && known.has(hyphenated) ? hyphenated + rest : argument;
  });
}

/** Returns a command as the list of all commands shows it: its name, its old name, its arguments. */
export function termOf(command: Command): string {
  const spelling = (name: string) => name.replaceAll('_', '-');
  const known = new Set([spelling(command.name())]);
  const others = command.aliases().filter((alias) => {
    const isOther = !known.has(spelling(alias));
    known.add(spelling(alias));
    return isOther;
  });
  const parameters = command.registeredArguments.map((argument) => {
    const text = argument.name() + (argument.variadic ? '...' : '');
    return argument.required ? `<${text}>` : `[${text}]`;
  });
  return [[command.name(), ...others].join(', '), ...parameters].join(' ');
}
