import { type Sql, sql } from '../../database/sql.js';
import type { Statement } from '../../database/statement.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';

// An index of trigrams reads the whole list of each trigram of a search text: "@gmail.com" has four that nearly every
// client has, which find nobody and cost time in proportion to the number of clients. So the index is given the part of
// a text that is worth looking up, as far as a sample of the tenant's texts tells. What is found is compared with the
// whole text: the sample decides the time alone.

/** Number of clients whose texts are looked at. */
const SAMPLE = 300;
/** Number of clients below which nothing is gained. */
const MANY = 10_000;
const KEPT_MS = 60 * 60 * 1000;
/** What finding and comparing a row costs, as a multiple of an entry in a trigram's list: some 1.2 µs and 4.4 ns. */
const ROW_COST = 270;
/** Share of the clients that makes a trigram a common one. */
const COMMON = 0.05;
const TRIGRAM = 3;
const SURROGATES = /[\ud800-\udfff]/;
const WORDS = /[\p{L}\p{N}]+/gu;

/** The shares of a tenant's clients whose texts contain a trigram. */
export class TrigramShares {
  readonly #counts = new Map<string, number>();
  readonly #texts: number;

  constructor(texts: readonly string[]) {
    this.#texts = texts.length;
    for (const text of texts) {
      for (const trigram of new Set(trigramsOf(text))) {
        this.#counts.set(trigram, (this.#counts.get(trigram) ?? 0) + 1);
      }
    }
    // Most occur once, which says no more than that they are rare.
    for (const [trigram, count] of this.#counts) if (count === 1) this.#counts.delete(trigram);
  }

  /** Returns the part of a folded text to look up, without its common trigrams; undefined when all of it is best. */
  partToLookUp(text: string): string | undefined {
    if (this.#texts === 0 || SURROGATES.test(text)) return undefined; // half a character is none
    const all = [...text.matchAll(WORDS)].flatMap(([word]) => trigramsOf(word));
    const total = all.reduce((sum, trigram) => sum + this.#share(trigram), 0);
    let best: { part: string; cost: number } = { part: text, cost: total };
    for (const [word] of text.matchAll(WORDS)) {
      for (const part of this.#rareParts(word)) {
        const shares = trigramsOf(part).map((trigram) => this.#share(trigram));
        const cost = shares.reduce((sum, share) => sum + share, 0) + ROW_COST * Math.min(...shares);
        if (cost < best.cost) best = { part, cost };
      }
    }
    return best.part === text ? undefined : best.part;
  }

  #share(trigram: string): number {
    return (this.#counts.get(trigram) ?? 1) / this.#texts;
  }

  /** Returns the longest parts of a word without common trigrams. */
  #rareParts(word: string): string[] {
    const parts: string[] = [];
    let start = 0;
    for (let end = 0; end <= word.length - TRIGRAM + 1; end++) {
      const isRare = end <= word.length - TRIGRAM && this.#share(word.slice(end, end + TRIGRAM)) < COMMON;
      if (isRare) continue;
      if (end > start) parts.push(word.slice(start, end + TRIGRAM - 1));
      start = end + 1;
    }
    return parts;
  }
}

function trigramsOf(text: string): string[] {
  const trigrams: string[] = [];
  for (let at = 0; at + TRIGRAM <= text.length; at++) trigrams.push(text.slice(at, at + TRIGRAM));
  return trigrams;
}

interface Known {
  readonly shares: TrigramShares;
  readonly until: number;
}
const known = new WeakMap<object, Known>();

const sampled: Sql<{ text: string }> = sql`
  WITH most AS (SELECT max(client_id) AS id FROM client_search)
  SELECT s.text
  FROM (SELECT DISTINCT (random() * (SELECT id FROM most))::bigint AS id
        FROM generate_series(1, ${sql.lit(SAMPLE)}) WHERE (SELECT id FROM most) >= ${sql.lit(MANY)}) chosen
  JOIN client_search s ON s.client_id = chosen.id`;

/**
 * Returns the condition that an indexed text is like a pattern, of which the index looks up this part; all of it when
 * undefined.
 */
export function lookedUp(text: Sql, pattern: string, part: string | undefined): Sql<boolean> {
  if (part === undefined) return sql`${text} LIKE ${pattern}`;
  return sql`(${text} LIKE ${`%${part}%`} AND ${text} || '' LIKE ${pattern})`;
}

/** Returns what is known of the tenant's texts. */
export function trigramShares(transaction: TenantTransaction): TrigramShares | undefined {
  return known.get(transaction.tenant)?.shares;
}

/** Sends these statements, and with the first search of an hour, in the same round trip, one that takes a new sample. */
export function sendSampling<Row>(transaction: TenantTransaction, asked: Statement<Row>): Pending<Row[]> {
  const { tenant } = transaction;
  if ((known.get(tenant)?.until ?? 0) > Date.now()) return transaction.send(asked);
  // Others that search meanwhile do without.
  const until = Date.now() + KEPT_MS;
  known.set(tenant, { shares: known.get(tenant)?.shares ?? new TrigramShares([]), until });
  return transaction
    .send(asked)
    .and(transaction.send(sampled))
    .map(([rows, texts]) => {
      known.set(tenant, { shares: new TrigramShares(texts.map(({ text }) => text)), until });
      return rows;
    });
}
