import type { CurrentUser } from '../../auth/current-user.js';
import { allOf, anywhere } from '../../database/conditions.js';
import { type Sql, sql } from '../../database/sql.js';
import { onePlan, type Statement } from '../../database/statement.js';
import type { SearchedKind } from './schemas.js';
import type { SearchQuery } from './search-query.js';
import { mistakesAllowed } from './spelling.js';
import { searchedInScope } from './statement.js';
import { AGENT, INSTITUTE, NAMES, VISA_TYPE } from './texts.js';

/** Maximum number of compared records per table, which bounds the time when nearly all have a name in common. */
const MOST = 1000;

/**
 * Required share of a word's trigrams: two of the seven of a word of six letters, which remain when two inner letters
 * are transposed. spelling.ts then counts the mistakes.
 */
const SIMILAR_FROM = '0.2';

/** Sets, for the transaction, how similar words must be. */
export const similarFrom: Sql = sql`
  SELECT set_config('pg_trgm.word_similarity_threshold', ${SIMILAR_FROM}, true)`;

/**
 * Returns the texts, in the user's scope, that contain each word or something similar. Needs pg_trgm in `public`, and
 * `similarFrom` before it.
 */
export function vocabulary(
  user: CurrentUser,
  kinds: readonly SearchedKind[],
  { words }: SearchQuery,
): Statement<{ readonly text: string }> {
  // A contained word has more than enough trigrams in common with the text.
  const near = (text: Sql<string>) =>
    allOf(
      words.map((word) =>
        mistakesAllowed(word) === 0
          ? sql`${text} LIKE ${anywhere(word)}`
          : sql`${word}::text OPERATOR(public.<%) ${text}`,
      ),
    );
  const clients = sql`SELECT ${NAMES} AS text FROM client_search s WHERE ${near(NAMES)} AND ${searchedInScope(user)}`;
  const institutes = sql`
    SELECT ${INSTITUTE} AS text FROM immigration_institute r WHERE r.deleted_at IS NULL AND ${near(INSTITUTE)}`;
  const parts: Record<SearchedKind, readonly Sql[]> = {
    client: [clients],
    visa_application: [
      clients,
      sql`SELECT ${VISA_TYPE} AS text FROM immigration_visatype r WHERE ${near(VISA_TYPE)}`,
    ],
    college_application: [clients, institutes],
    agent: [
      sql`SELECT ${AGENT} AS text FROM immigration_agent r WHERE r.deleted_at IS NULL AND ${near(AGENT)}`,
    ],
    institute: [institutes],
  };
  const wanted = [...new Set(kinds.flatMap((kind) => parts[kind]))];
  return onePlan(sql`
    SELECT DISTINCT text FROM (${sql.join(
      wanted.map((part) => sql`(${part} LIMIT ${sql.lit(MOST)})`),
      sql` UNION ALL `,
    )}) every`);
}
