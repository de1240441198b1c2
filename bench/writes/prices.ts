import { readFileSync } from 'node:fs';
import type { OwnerClient } from '../../src/database/owner.js';
import { type Part, partsOf } from './parts.js';

/** A statement whose price is asked for. */
export interface Write {
  readonly what: string;
  readonly operation: 'INSERT' | 'UPDATE';
  /** `$1` is a number that is new for each run. */
  readonly sql: string;
  /** Number of rows that one run writes, by which its time is divided; 1 when not given. */
  readonly rows?: number;
}

/** PostgreSQL's processor time for one statement without something, in microseconds. */
interface Price {
  readonly what: string;
  readonly without: number;
}

/** The prices of one statement. */
export interface Prices {
  readonly write: Write;
  /** With everything, in microseconds. */
  readonly whole: number;
  /** The same row with nothing but the contract's indexes and foreign keys. */
  readonly bare: number;
  readonly parts: readonly Price[];
}

/** SQL that changes the schema, whose effect is asked for. */
export interface SchemaChange {
  readonly what: string;
  readonly sql: string;
}

export interface PriceOptions {
  readonly rounds: number;
  /** Number of measured statements of each variant per round. */
  readonly statements: number;
  /** Measured instead of the single parts. */
  readonly changes?: readonly SchemaChange[];
}

interface Variant {
  readonly what: string;
  readonly removals: readonly string[];
  /** Microseconds of each statement. */
  readonly times: number[];
}

/** Number of clients that the agency has. */
export const CLIENTS = 10_000;
const VACUUM =
  'VACUUM immigration_client, client_search, audit_entry, immigration_client_count, table_change';
/** Statements before the measured ones, after which PostgreSQL plans no more. */
const WARM_UP = 15;

/** A client as the API creates it; and changes of a field without an index, of one with two, and of the stage. */
export const WRITES: readonly Write[] = [
  {
    what: 'INSERT of a client',
    operation: 'INSERT',
    sql: `INSERT INTO immigration_client (first_name, last_name, gender, country, email, phone_number, dob, stage,
        assigned_to_id, branch_id, created_by_id, updated_by_id)
      VALUES ('Bench' || $1::integer, 'Client', 'FEMALE', 'NP', 'bench' || $1::integer || '@example.com', '04' || $1::integer,
        '1995-05-17', 'LEAD', 1 + $1::integer % 10, 1, 1, 1)`,
  },
  {
    what: 'INSERT of 1,000 clients by one statement, for each',
    operation: 'INSERT',
    rows: 1000,
    sql: `INSERT INTO immigration_client (first_name, last_name, gender, country, email, phone_number, dob, stage,
        assigned_to_id, branch_id, created_by_id, updated_by_id)
      SELECT 'Bench' || n, 'Client', 'FEMALE', 'NP', 'bench' || n || '@example.com', '04' || n, '1995-05-17', 'LEAD',
        1 + n % 10, 1, 1, 1
      FROM generate_series($1::integer * 1000, $1::integer * 1000 + 999) n`,
  },
  {
    what: 'UPDATE of a description (no index has it)',
    operation: 'UPDATE',
    sql: `UPDATE immigration_client SET description = 'Call at ' || $1::integer, updated_at = clock_timestamp()
      WHERE id = 1 + ($1::integer * 7919) % ${CLIENTS}`,
  },
  {
    what: 'UPDATE of an e-mail address (two indexes and the search have it)',
    operation: 'UPDATE',
    sql: `UPDATE immigration_client SET email = 'a' || $1::integer || '@example.com', updated_at = clock_timestamp()
      WHERE id = 1 + ($1::integer * 7919) % ${CLIENTS}`,
  },
  {
    what: 'UPDATE of a stage (an index has it, and it makes an event)',
    operation: 'UPDATE',
    sql: `UPDATE immigration_client SET stage = CASE stage WHEN 'LEAD' THEN 'CLIENT' ELSE 'LEAD' END, updated_at = clock_timestamp()
      WHERE id = 1 + ($1::integer * 7919) % ${CLIENTS}`,
  },
];

/**
 * Measures what a statement costs with everything and with each part taken away in turn, in one session, whose processor
 * time the kernel counts in nanoseconds. Each variant is a transaction that is rolled back, the removals included, so
 * that all find the same tables; commits are not part of it. The variants take turns. What happens at few statements
 * only, such as sorting pending trigrams into their index, is not part of it either.
 */
export async function measurePrices(
  client: OwnerClient,
  schema: string,
  write: Write,
  { rounds, statements, changes }: PriceOptions,
): Promise<Prices> {
  const parts = await partsOf(client, schema, write.operation);
  const removals = (chosen: (part: Part) => boolean) => parts.filter(chosen).map(({ removal }) => removal);
  const variant = (what: string, gone: readonly string[]): Variant => ({
    what,
    removals: gone,
    times: [],
  });
  const whole = variant('', []);
  const bare = variant(
    '',
    removals(({ isContract }) => !isContract),
  );
  const rows = write.rows ?? 1;
  const singles =
    changes || rows > 1
      ? (changes ?? []).map(({ what, sql }) => variant(what, [sql]))
      : parts.map((part) => variant(`${part.kind} ${part.what}`, [part.removal]));
  const groups =
    changes || rows > 1
      ? []
      : [
          variant(
            'all triggers',
            removals(({ kind }) => kind === 'trigger'),
          ),
          variant(
            "all indexes but the contract's",
            removals(({ kind, isContract }) => kind === 'index' && !isContract),
          ),
          variant(
            'all foreign keys',
            removals(({ kind }) => kind === 'foreign key'),
          ),
        ];
  const { rows: found } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const pid = found[0]!.pid;
  const all = [whole, bare, ...groups, ...singles];
  let number = CLIENTS;
  for (let round = 0; round < rounds; round++) {
    for (const one of all) {
      await client.query('BEGIN');
      for (const removal of one.removals) await client.query(removal);
      await client.query(`SET LOCAL ROLE ${schema}`);
      const run = async (count: number) => {
        for (let i = 0; i < count; i++) {
          await client.query({
            name: `${write.operation} ${write.what.length}`,
            text: write.sql,
            values: [number++],
          });
        }
      };
      await run(Math.ceil(WARM_UP / rows));
      for (let i = 0; i < statements / rows; i++) {
        const before = processorTime(pid);
        await run(1);
        one.times.push((processorTime(pid) - before) / rows / 1000);
      }
      await client.query('ROLLBACK');
    }
    await client.query(VACUUM);
  }
  return {
    write,
    whole: lowerQuintile(whole.times),
    bare: lowerQuintile(bare.times),
    parts: [...groups, ...singles].map(({ what, times }) => ({ what, without: lowerQuintile(times) })),
  };
}

/** Returns the time that four of five statements exceed: other programs' use of the machine only adds to it. */
function lowerQuintile(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 5)] ?? Number.NaN;
}

/** Returns the processor time that a process has used, in nanoseconds. */
function processorTime(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/schedstat`, 'latin1').split(' ')[0]);
}
