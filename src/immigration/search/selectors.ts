import type { CurrentUser } from '../../auth/current-user.js';
import type { Database } from '../../database/database.js';
import { sql } from '../../database/sql.js';
import type { TenantContext } from '../../database/tenant-transaction.js';
import { allows, type Policy, signedIn } from '../../routing/policy.js';
import { modelPolicy } from '../shared/resource-policy.js';
import { sendSampling, trigramShares } from '../shared/trigram-shares.js';
import { asAsked } from './matching.js';
import { SEARCHED_KINDS, type SearchedKind, type SearchResult } from './schemas.js';
import type { SearchQuery } from './search-query.js';
import { mistakesAllowed, spellings } from './spelling.js';
import { searchStatement } from './statement.js';
import { similarFrom, vocabulary } from './vocabulary.js';

/** The policies of kinds: those of their lists. */
const POLICIES: Readonly<Record<SearchedKind, Policy>> = {
  client: modelPolicy('client').see,
  visa_application: modelPolicy('visaapplication').see,
  college_application: modelPolicy('collegeapplication').see,
  agent: modelPolicy('agent').see,
  institute: signedIn,
};

/**
 * Returns what a user searches for and may see, the best first: records that contain every word; if these are fewer
 * than would be shown of one kind, and none is an exact match, also records with similar spellings.
 */
export async function search(
  database: Database,
  context: TenantContext,
  user: CurrentUser,
  query: SearchQuery,
): Promise<SearchResult[]> {
  const kinds = SEARCHED_KINDS.filter((kind) => allows(POLICIES[kind], user));
  const { limit } = query;
  const found = await database.tenantTransaction(context, (transaction) => {
    transaction.send(withinLimit);
    const shares = trigramShares(transaction);
    return sendSampling(transaction, searchStatement(user, kinds, asAsked(query), limit, shares));
  });
  const isEnough = found.length >= limit || found.some(({ score }) => score === 1);
  const similar = isEnough ? [] : await misspelt(database, context, user, kinds, query);
  return ranked([...found, ...similar], limit);
}

/**
 * Finds records whose spelling is close to the search text. Finds nothing where pg_trgm is not installed in `public`,
 * or where the search takes too long.
 */
async function misspelt(
  database: Database,
  context: TenantContext,
  user: CurrentUser,
  kinds: readonly SearchedKind[],
  query: SearchQuery,
): Promise<SearchResult[]> {
  if (query.words.every((word) => mistakesAllowed(word) === 0)) return [];
  try {
    return await database.tenantTransaction(context, async (transaction) => {
      transaction.send(withinLimit);
      transaction.send(similarFrom);
      const texts = await transaction.query(vocabulary(user, kinds, query));
      const meant = spellings(
        query,
        texts.map(({ text }) => text),
      );
      return meant ? transaction.send(searchStatement(user, kinds, meant, query.limit)) : [];
    });
  } catch (error) {
    const { code = '' } = error as { code?: string };
    if (code === UNDEFINED_FUNCTION || code === CANCELED) return [];
    throw error;
  }
}

const UNDEFINED_FUNCTION = '42883'; // operators too
const CANCELED = '57014';

/** Time limit for a search, which normally takes some 20 ms, so that a slow one does not hold up others. */
const withinLimit = sql`SELECT set_config('statement_timeout', '3s', true)`;

/** Returns each record once, with its best score; limited per kind. */
function ranked(found: readonly SearchResult[], limit: number): SearchResult[] {
  const places = new Map(SEARCHED_KINDS.map((kind, place) => [kind, place]));
  const left = new Map(SEARCHED_KINDS.map((kind) => [kind, limit]));
  const seen = new Set<string>();
  return [...found]
    .sort((a, b) => b.score - a.score || (places.get(a.kind) ?? 0) - (places.get(b.kind) ?? 0) || b.id - a.id)
    .filter(({ kind, id }) => {
      const key = `${kind} ${id}`;
      const room = left.get(kind) ?? 0;
      if (seen.has(key) || room === 0) return false;
      seen.add(key);
      left.set(kind, room - 1);
      return true;
    })
    .map((result) => ({ ...result, score: Math.round(result.score * 1000) / 1000 }));
}
