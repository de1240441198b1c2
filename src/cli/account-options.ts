import { passwordProblems } from '../auth/password-rules.js';
import { CliError, UsageError } from './cli-error.js';
import type { CliContext } from './context.js';

/** The environment variable for a password, which no list of processes shows. */
const PASSWORD_VARIABLE = 'LEOPARD_PASSWORD';

/** Returns the given value, or asks for it at a terminal. @throws CliError when neither is possible */
export async function givenOrAsked(
  context: CliContext,
  given: string | undefined,
  option: string,
  question: string,
): Promise<string> {
  if (given !== undefined) return given;
  if (!context.isInteractive) throw new UsageError(`${option} is missing`);
  return await context.ask(question);
}

/**
 * Returns the password from the option, the environment or, at a terminal, typed twice.
 * @throws CliError when there is none, or the two differ
 */
export async function passwordFor(
  context: CliContext,
  given: string | undefined,
  option = '--password',
): Promise<string> {
  const known = given ?? context.environment[PASSWORD_VARIABLE];
  if (known) return known;
  if (!context.isInteractive || known === '') {
    throw new UsageError(`the password is missing; give ${option} or set ${PASSWORD_VARIABLE}`);
  }
  const password = await context.ask('Password: ', { hidden: true });
  if (password === '') throw new CliError('the password is empty; nothing was done');
  const again = await context.ask('The same again: ', { hidden: true });
  if (again !== password) throw new CliError('the two passwords differ; nothing was done');
  return password;
}

/** Warns of a password that the API would reject; an operator may set it all the same. */
export function warnOfWeakPassword(
  context: CliContext,
  password: string,
  owner: { readonly username: string; readonly email: string },
): void {
  const problems = passwordProblems(password, owner);
  if (problems.length > 0) context.warn(`warning: a weak password. ${problems.join(' ')}`);
}
