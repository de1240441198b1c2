import { isEmail } from '../http/fields/e-mail.js';
import { PlainError } from '../platform/plain-error.js';
import { hashPassword, LONGEST_PASSWORD } from './passwords.js';

/** The input of an operator for a new account. */
export interface NewAccount {
  readonly username: string;
  readonly email: string;
  readonly password: string;
  readonly firstName?: string | undefined;
  readonly lastName?: string | undefined;
}

/** An account as it is stored. */
export interface StorableAccount {
  readonly username: string;
  readonly email: string;
  /** In Django's format. */
  readonly passwordHash: string;
  /** Empty when not given. */
  readonly firstName?: string;
  readonly lastName?: string;
}

const USERNAME = /^[\p{L}\p{N}\p{M}_.@+-]{1,150}$/u;
const LONGEST_EMAIL = 254;
const LONGEST_NAME = 150;

/**
 * Checks a new account by Django's rules for usernames and e-mail addresses, and hashes its password. Operators may
 * set any password that is not empty.
 * @throws PlainError that says what is wrong
 */
export async function prepareAccount(account: NewAccount): Promise<StorableAccount> {
  const username = account.username.trim().normalize('NFKC');
  const email = account.email.trim();
  const firstName = account.firstName?.trim() ?? '';
  const lastName = account.lastName?.trim() ?? '';
  if (!isEmail(email) || email.length > LONGEST_EMAIL) {
    throw new PlainError(`${JSON.stringify(email)} is not an e-mail address`);
  }
  if (!USERNAME.test(username)) {
    throw new PlainError(
      `${JSON.stringify(username)} cannot be a username; use 1 to 150 letters, digits and @ . + - _`,
    );
  }
  if ([...firstName].length > LONGEST_NAME || [...lastName].length > LONGEST_NAME) {
    throw new PlainError(`a first or last name has ${LONGEST_NAME} characters at most`);
  }
  if (account.password === '') throw new PlainError('the password is empty');
  if ([...account.password].length > LONGEST_PASSWORD) {
    throw new PlainError(`a password has ${LONGEST_PASSWORD} characters at most`);
  }
  return { username, email, firstName, lastName, passwordHash: await hashPassword(account.password) };
}
