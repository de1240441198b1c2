import type { PublicQueries } from './query-runner.js';
import type { Outgoing } from './session.js';
import { sql } from './sql.js';
import type { Statement } from './statement.js';
import { COMMITTED_POSITION, walPosition } from './wal-position.js';

// Every process writes down how far the log was when it had committed a user's change, and every process that is about to
// read for that user elsewhere looks it up: so it does not matter which processes a user's requests reach. The table is
// not logged, which makes a note cheap, and is empty after a crash or a failover: its oldest row tells since when it is
// complete.

/** The row that tells since when positions are noted. */
const BEGINNING = '';

/** The position of a writer's changes. */
export interface NotedPosition {
  /** The position that a standby must have replayed; -1 if no change is noted. */
  readonly position: number;
  /** For how many seconds no note has been lost; -1 where that is not known. */
  readonly completeFor: number;
}

const writerOf = (schema: string, userId: number) => `${schema} ${userId}`;

function noting(writer: string) {
  return sql<{ position: string }>`
    INSERT INTO public.write_position AS w (writer, position, written_at)
    VALUES (${writer}::text, ${COMMITTED_POSITION}, pg_catalog.clock_timestamp())
    ON CONFLICT (writer) DO UPDATE
    SET position = greatest(w.position, excluded.position), written_at = excluded.written_at
    RETURNING position::text AS position`;
}

/** Returns the statement that notes a user's commit, to be sent behind COMMIT in the same round trip. */
export function notePosition(schema: string, userId: number): Outgoing {
  const query = noting(writerOf(schema, userId));
  return { schema: null, sql: query.sql, values: query.parameters as string[] };
}

/**
 * Returns the statement that notes an operation on a whole tenant, such as its move, in the operation's own transaction:
 * until notes are deleted, minutes later, all its users then read from the primary.
 */
export function noteOperation(schema: string): Statement {
  return sql`
    INSERT INTO public.write_position (writer, position, written_at)
    VALUES (${schema}::text, 'FFFFFFFF/FFFFFFFF'::pg_catalog.pg_lsn, pg_catalog.clock_timestamp())
    ON CONFLICT (writer) DO UPDATE SET position = excluded.position, written_at = excluded.written_at`;
}

/** Begins the notes where a crash has emptied the table. */
export const BEGIN_NOTES: Statement = sql`
  INSERT INTO public.write_position (writer, position, written_at)
  SELECT ${BEGINNING}::text, '0/0'::pg_catalog.pg_lsn, pg_catalog.clock_timestamp()
  WHERE NOT EXISTS (SELECT FROM public.write_position WHERE writer = ${BEGINNING}::text)
  ON CONFLICT DO NOTHING`;

/** The SQL for whether the notes have begun. */
export const IS_NOTING = sql<boolean>`EXISTS (SELECT FROM public.write_position WHERE writer = ${sql.raw("''")})`;

/** Longer than a replica in use may be behind. */
const KEPT_FOR = '10 minutes';

/** Deletes notes that every replica in use has replayed. */
export const DELETE_OLD_NOTES: Statement = sql`
  DELETE FROM public.write_position
  WHERE writer <> ${BEGINNING}::text AND written_at < pg_catalog.clock_timestamp() - ${KEPT_FOR}::interval`;

interface Row {
  readonly writer: string;
  readonly position: string;
  readonly age: number;
}

const noted = (writers: readonly string[]) => sql<Row>`
  SELECT writer, position::text AS position,
    extract(epoch FROM pg_catalog.clock_timestamp() - written_at)::float8 AS age
  FROM public.write_position WHERE writer = ANY (${writers}::text[])`;

/** A look-up that has not been sent yet. */
interface Waiting {
  readonly writers: Set<string>;
  readonly found: Promise<ReadonlyMap<string, Row>>;
  readonly settle: (found: Promise<ReadonlyMap<string, Row>>) => void;
}

/** Looks up noted positions: one query at a time for all who ask meanwhile. */
export class WritePositions {
  #waiting: Waiting | undefined;
  #isAsking = false;

  /** @param database the primary */
  constructor(private readonly database: PublicQueries) {}

  /** Returns what was noted of a user, and of the whole tenant, before this call. @throws database errors */
  async of(schema: string, userId: number): Promise<NotedPosition> {
    this.#waiting ??= newWaiting();
    const { writers, found } = this.#waiting;
    const writer = writerOf(schema, userId);
    writers.add(writer).add(schema);
    if (!this.#isAsking) {
      this.#isAsking = true;
      queueMicrotask(() => void this.#ask()); // with what others ask in this turn
    }
    const rows = await found;
    return {
      position: Math.max(walPosition(rows.get(writer)?.position), walPosition(rows.get(schema)?.position)),
      completeFor: rows.get(BEGINNING)?.age ?? -1,
    };
  }

  async #ask(): Promise<void> {
    while (this.#waiting) {
      const { writers, settle } = this.#waiting;
      this.#waiting = undefined; // who asks from now on needs the state from now on
      const found = this.database
        .publicQuery(noted([BEGINNING, ...writers]))
        .then((rows) => new Map(rows.map((row) => [row.writer, row])));
      settle(found);
      await found.catch(() => undefined);
    }
    this.#isAsking = false;
  }
}

function newWaiting(): Waiting {
  let settle: Waiting['settle'] = () => undefined;
  const found = new Promise<ReadonlyMap<string, Row>>((resolve) => {
    settle = resolve;
  });
  found.catch(() => undefined); // who asked may have given up
  return { writers: new Set(), found, settle };
}
