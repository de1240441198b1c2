import { anyOf, anywhere } from '../../database/conditions.js';
import { foldText } from '../../database/folding.js';
import { type Sql, sql } from '../../database/sql.js';
import { lookedUp, type TrigramShares } from './trigram-shares.js';

// The texts by which lists find clients, as stored in client_search (migrations/tenant/0035_folded_search.sql): folded,
// fields separated by a character that nobody types. A second such character precedes e-mail address, phone number and
// name, a third the name alone.

const FIELDS = '\x1e';
const NAME = '\x1d';
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are the separators
const SEPARATORS = /[\x1d-\x1f]/g;
const SPACES = /\s+/g;

function holdsBehind(searched: Sql, separator: string, typed: string, shares?: TrigramShares): Sql<boolean> {
  const text = foldText(typed).replace(SEPARATORS, '');
  if (text === '') return sql`false`;
  // There is one space between first and last name, whatever is typed; within a field there may be two.
  const spaced = text.replace(SPACES, ' ');
  const patterns = [...new Set([text, spaced])].map((each) =>
    lookedUp(searched, `%${separator}${anywhere(each)}`, shares?.partToLookUp(each)),
  );
  return anyOf(patterns);
}

const found = (client: Sql, separator: string, typed: string, shares?: TrigramShares): Sql<boolean> => sql`
  ${client} IN (SELECT s.client_id FROM client_search s WHERE ${holdsBehind(sql`s.text`, separator, typed, shares)})`;

/** Returns the condition of `clientHolds` on the stored text of a client, the column `text` of client_search. */
export function textHolds(searched: Sql, typed: string, shares?: TrigramShares): Sql<boolean> {
  return holdsBehind(searched, FIELDS, typed, shares);
}

/**
 * Returns the condition that a client's e-mail address, phone number or name, "first last", contains this text.
 * @param client the id, a column that is never null
 */
export function clientHolds(client: Sql, typed: string, shares?: TrigramShares): Sql<boolean> {
  return found(client, FIELDS, typed, shares);
}

/** Returns the same condition for the name alone, "first last". */
export function clientNameHolds(client: Sql, typed: string): Sql<boolean> {
  return found(client, NAME, typed);
}
