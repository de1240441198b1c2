import { PlainError } from '../plain-error.js';

/** The exit code of wrong usage: an unknown command or option. */
export const USAGE_EXIT_CODE = 2;

/** Ends a command with one line on stderr and this exit code. */
export class CliError extends PlainError {
  override readonly name = 'CliError';

  constructor(
    message: string,
    readonly exitCode = 1,
  ) {
    super(message);
  }
}
