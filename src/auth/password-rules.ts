import { isBreachedPassword } from './breached-passwords.js';
import { isCommonPassword } from './common-passwords.js';

/** The owner of a password, whose data it must not resemble. */
export interface PasswordOwner {
  readonly username?: string;
  readonly firstName?: string;
  readonly lastName?: string;
  readonly email?: string;
}

const SHORTEST = 8;
const BREACHED = 'This password has appeared in a data breach. Choose one that is used nowhere else.';
/** Django's limit of similarity. */
const TOO_SIMILAR = 0.7;

/**
 * Returns the problems of a password by Django's default rules, in Django's words and order, and of one from a known
 * breach; empty when there are none. Lengths are in characters (code points).
 */
export function passwordProblems(password: string, owner: PasswordOwner = {}): string[] {
  const problems: string[] = [];
  const similar = similarTo(password, owner);
  if (similar) problems.push(`The password is too similar to the ${similar}.`);
  if ([...password].length < SHORTEST) {
    problems.push(`This password is too short. It must contain at least ${SHORTEST} characters.`);
  }
  if (isCommonPassword(password)) problems.push('This password is too common.');
  if (/^\p{Nd}+$/u.test(password)) problems.push('This password is entirely numeric.');
  // Passwords that Django rejects get Django's messages alone.
  if (problems.length === 0 && isBreachedPassword(password)) problems.push(BREACHED);
  return problems;
}

function similarTo(password: string, owner: PasswordOwner): string | null {
  const attributes = {
    username: owner.username,
    'first name': owner.firstName,
    'last name': owner.lastName,
    'email address': owner.email,
  };
  const given = [...password.toLowerCase()];
  for (const [label, value] of Object.entries(attributes)) {
    if (!value) continue;
    const whole = value.toLowerCase();
    const parts = [...whole.split(/[^\p{L}\p{N}\p{M}_]+/u), whole].map((part) => [...part]);
    if (parts.some((part) => mayCompare(given, part) && likeness(given, part) >= TOO_SIMILAR)) return label;
  }
  return null;
}

/** Returns whether two texts are compared: Django does not compare a short name with a long password. */
function mayCompare(password: readonly string[], part: readonly string[]): boolean {
  return !(password.length >= 10 * part.length && part.length < (TOO_SIMILAR / 2) * password.length);
}

/**
 * Returns the share of characters that two texts have in common, in any order (Python's SequenceMatcher.quick_ratio).
 */
function likeness(a: readonly string[], b: readonly string[]): number {
  const left = new Map<string, number>();
  for (const character of b) left.set(character, (left.get(character) ?? 0) + 1);
  let common = 0;
  for (const character of a) {
    const count = left.get(character) ?? 0;
    if (count > 0) common++;
    left.set(character, count - 1);
  }
  return (2 * common) / (a.length + b.length || 1);
}
