import type { Command } from 'commander';
import { PlainError } from '../platform/plain-error.js';

/** The exit code of wrong usage: an unknown command or option, or a missing one. */
export const USAGE_EXIT_CODE = 2;

/** Ends a command with one line on stderr and this exit code. */
export class CliError extends PlainError {
  override readonly name: string = 'CliError';

  constructor(
    message: string,
    readonly exitCode = 1,
  ) {
    super(message);
  }
}

/** Thrown when a command was called wrongly; the line also says where its usage is shown. */
export class UsageError extends CliError {
  override readonly name = 'UsageError';

  /** @param command whose usage is shown; by default that of the running command */
  constructor(
    message: string,
    readonly command?: Command,
  ) {
    super(message, USAGE_EXIT_CODE);
  }
}
