import { anyOf, anywhere } from '../../database/conditions.js';
import { foldText } from '../../database/folding.js';
import { type Sql, sql } from '../../database/sql.js';

// The texts by which lists find clients, as stored in client_search (migrations/tenant/0035_folded_search.sql): folded,
// fields separated by a character that nobody types. A second such character precedes e-mail address, phone number and
// name, a third the name alone.

const FIELDS = '\x1e';
const NAME = '\x1d';
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are the separators
const SEPARATORS = /[\x1d-\x1f]/g;
const SPACES = /\s+/g;

function found(client: Sql, behind: string, typed: string): Sql<boolean> {
  const text = foldText(typed).replace(SEPARATORS, '');
  if (text === '') return sql`false`;
  // There is one space between first and last name, whatever is typed; within a field there may be two.
  const spaced = text.replace(SPACES, ' ');
  const patterns = [...new Set([text, spaced])].map(
    (each) => sql`s.text LIKE ${`%${behind}${anywhere(each)}`}`,
  );
  return sql`${client} IN (SELECT s.client_id FROM client_search s WHERE ${anyOf(patterns)})`;
}

/**
 * Returns the condition that a client's e-mail address, phone number or name, "first last", contains this text.
 * @param client the id, a column that is never null
 */
export function clientHolds(client: Sql, typed: string): Sql<boolean> {
  return found(client, FIELDS, typed);
}

/** Returns the same condition for the name alone, "first last". */
export function clientNameHolds(client: Sql, typed: string): Sql<boolean> {
  return found(client, NAME, typed);
}
