import type { Actor } from './opening.js';
import { checkSchemaName } from './schema-name.js';

const LONGEST_SOURCE = 300;

/** Statements on tables of schema `public`, as the program's own role. */
export const PUBLIC: Actor = { role: 'none', searchPath: 'public, pg_temp', userId: '', source: '' };

/** The parts of a context that tell who acts. */
interface Acting {
  readonly schema: string;
  readonly userId: number | null;
  readonly source?: string;
}

/** Returns the identity of the statements of a context. @throws Error when its schema or user cannot be one */
export function actorOf({ schema, userId, source = '' }: Acting): Actor {
  return {
    role: checkSchemaName(schema),
    // pg_temp comes last; otherwise temporary tables would hide the tenant's tables of the same name.
    searchPath: `${schema}, pg_temp`,
    userId: userId === null ? '' : checkUserId(userId),
    source: plain(source),
  };
}

/** Removes characters from outside that could fail the statement. */
function plain(source: string): string {
  const isPlain = source.length <= LONGEST_SOURCE && !/[^ -~]/.test(source);
  return isPlain ? source : source.replaceAll(/[^ -~]/g, '').slice(0, LONGEST_SOURCE);
}

function checkUserId(userId: number): string {
  if (!Number.isSafeInteger(userId) || userId < 1) throw new Error(`not a user's id: ${userId}`);
  return String(userId);
}
