import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../src/database/database.js';
import type { OwnerClient } from '../../src/database/owner.js';
import { type Statement, statement } from '../../src/database/statement.js';
import type { MaybePending, TenantTransaction } from '../../src/database/tenant-transaction.js';

/** The input of every operation. */
export interface Operation {
  readonly id: number;
  readonly schema: string;
  readonly database: Database;
  /** The server's superuser, who cancels statements and cuts connections. */
  readonly admin: OwnerClient;
}

const PERSON = `INSERT INTO immigration_client (first_name, last_name, email, gender, country)
  VALUES ($1, $2, $3, 'FEMALE', 'NP') RETURNING id`;

/** Returns one of the two rows that an operation writes, stamped with its tenant. */
const half = ({ schema, id }: Operation, which: 'a' | 'b') =>
  statement<{ id: number }>(PERSON, [schema, String(id), `${which}@example.com`]);

const inTenant = <T>({ database, schema, id }: Operation, work: (t: TenantTransaction) => MaybePending<T>) =>
  database.tenantTransaction({ schema, userId: id + 1 }, work);

interface Seen {
  readonly role: string;
  readonly path: string;
  readonly actor: string;
  readonly rows: number;
  readonly foreign: number;
  readonly pairs: number;
}

const LOOK = `SELECT current_user AS role, current_setting('search_path') AS path,
  current_setting('leopard.user_id') AS actor, count(*) AS rows,
  count(*) FILTER (WHERE first_name <> $1) AS foreign, count(DISTINCT last_name) AS pairs FROM immigration_client`;

/** Reads all visible rows. @throws Error for a foreign row, half a write, another role, path or user */
export async function read(operation: Operation): Promise<void> {
  const { schema, id } = operation;
  const look: Statement<Seen> = statement(LOOK, [schema]);
  const seen = await inTenant(operation, (t) => t.send(look).and(t.send(look)));
  for (const [row] of seen) {
    const { role, path, actor, rows, foreign, pairs } = row as Seen;
    if (
      role === schema &&
      path === `${schema}, pg_temp` &&
      actor === String(id + 1) &&
      foreign === 0 &&
      rows === 2 * pairs
    ) {
      continue;
    }
    throw new Error(`operation ${id} of ${schema} saw ${JSON.stringify(row)}`);
  }
}

/** Writes two rows that belong together: one by one, or in one round trip. */
export async function write(operation: Operation): Promise<void> {
  await inTenant(operation, async (t) => {
    const first = t.query(half(operation, 'a'));
    if (operation.id % 2) await first;
    t.send(half(operation, 'b'));
    await first;
  });
}

/** Runs a statement outside of any tenant. @throws Error when it is not run as the program's own role */
export async function lookOutside({ id, database }: Operation): Promise<void> {
  const [row] = await database.publicQuery(
    statement<{ role: string; path: string }>(
      `SELECT current_user AS role, current_setting('search_path') AS path FROM public.tenants_tenant LIMIT 1`,
    ),
  );
  if (row?.role === 'leopard_app' && row.path === 'public, pg_temp') return;
  throw new Error(`operation ${id} outside of tenants saw ${JSON.stringify(row)}`);
}

const BAD = statement('SELECT 1 / 0');
const unheard = () => undefined;

/** Ways in which a write fails half-way, with the error that identifies them. */
export const FAILURES: Readonly<
  Record<string, readonly [RegExp, (operation: Operation) => Promise<unknown>]>
> = {
  'a statement fails': [
    /division by zero/,
    (operation) =>
      inTenant(operation, async (t) => {
        await t.query(half(operation, 'a'));
        await Promise.all([t.query(BAD), t.query(half(operation, 'b'))]);
      }),
  ],
  'the last statement fails, with COMMIT behind it': [
    /foreign key/,
    (operation) =>
      inTenant(operation, async (t) => {
        t.send(half(operation, 'a'));
        t.send(statement('INSERT INTO immigration_clientactivity (client_id) VALUES (-1)'));
      }),
  ],
  'the failure of a statement is overlooked': [
    /division by zero/,
    (operation) =>
      inTenant(operation, async (t) => {
        await t.query(half(operation, 'a'));
        await t.query(BAD).catch(unheard);
      }),
  ],
  'the program throws while statements are under way': [
    /changed my mind/,
    (operation) =>
      inTenant(operation, async (t) => {
        await t.query(half(operation, 'a'));
        t.query(half(operation, 'b')).catch(unheard);
        t.query(statement('SELECT pg_sleep(0.005)')).catch(unheard);
        throw new Error('changed my mind');
      }),
  ],
  'the program throws while a failing statement is under way': [
    /changed my mind/,
    (operation) =>
      inTenant(operation, async (t) => {
        await t.query(half(operation, 'a'));
        t.query(BAD).catch(unheard);
        t.query(half(operation, 'b')).catch(unheard);
        throw new Error('changed my mind');
      }),
  ],
  'the program throws before the first statement': [
    /changed my mind/,
    (operation) => inTenant(operation, () => Promise.reject(new Error('changed my mind'))),
  ],
  'a statement takes too long': [
    /statement timeout/,
    (operation) =>
      inTenant(operation, async (t) => {
        t.query(statement(`SET LOCAL statement_timeout TO '10ms'`)).catch(unheard);
        await t.query(half(operation, 'a'));
        await Promise.all([t.query(statement('SELECT pg_sleep(5)')), t.query(half(operation, 'b'))]);
      }),
  ],
  'there is no such tenant': [
    /role "tenant_nobody" does not exist/,
    (operation) => write({ ...operation, schema: 'tenant_nobody' }),
  ],
  'a statement is cancelled': [
    /canceling statement due to user request/,
    (operation) => interrupted(operation, 'pg_cancel_backend'),
  ],
  'the connection is cut': [
    /terminat|closed|ECONNRESET/i,
    (operation) => interrupted(operation, 'pg_terminate_backend'),
  ],
};

/** Writes half, and is interrupted by another connection while it waits to write the rest. */
async function interrupted(
  operation: Operation,
  how: 'pg_cancel_backend' | 'pg_terminate_backend',
): Promise<void> {
  const { id, admin } = operation;
  await inTenant(operation, async (t) => {
    await t.query(half(operation, 'a'));
    const [found] = await t.query(statement<{ pid: number }>('SELECT pg_backend_pid() AS pid'));
    let over = false;
    const rest = Promise.all([
      t.query(statement(`SELECT pg_sleep(20) /* operation ${id} */`)),
      t.query(half(operation, 'b')),
    ]).finally(() => {
      over = true;
    });
    rest.catch(unheard);
    // Only this operation's statement: by then the connection may be another's.
    const interrupt = `SELECT ${how}(pid) FROM pg_stat_activity WHERE pid = $1 AND query LIKE $2 AND state = 'active'`;
    for (; !over; await sleep(5)) await admin.query(interrupt, [found?.pid, `%/* operation ${id} */%`]);
    await rest;
  });
}
