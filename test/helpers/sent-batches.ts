import pg from 'pg';
import type { Entry } from '../../src/database/batch.js';

/** Statements that this process sent to the database in one write: one round trip. */
export interface SentBatch {
  readonly statements: readonly Pick<Entry, 'sql'>[];
  readonly parameters: readonly string[];
}

/** Records everything that this process sends to any database, until `stop`. */
export function recordSentBatches(): { readonly batches: SentBatch[]; stop(): void } {
  const batches: SentBatch[] = [];
  const { query } = pg.Client.prototype;
  function recorded(this: pg.Client, ...given: unknown[]) {
    const [what, values] = given as [string | { statements: readonly Entry[] }, unknown];
    const statements = typeof what === 'string' ? [{ sql: what, values }] : what.statements;
    batches.push({ statements, parameters: statements.map((one) => JSON.stringify(one.values ?? [])) });
    return Reflect.apply(query, this, given);
  }
  pg.Client.prototype.query = recorded as typeof query;
  return {
    batches,
    stop() {
      pg.Client.prototype.query = query;
    },
  };
}
