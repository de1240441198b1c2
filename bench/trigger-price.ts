import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openDatabase } from '../src/database/connections.js';
import { Database } from '../src/database/database.js';
import { type OwnerClient, withOwner } from '../src/database/owner.js';
import { statement } from '../src/database/statement.js';
import { createTenantSchema } from '../src/provisioning/tenant-schema.js';
import { migrateAll } from '../src/schema/migrator.js';
import { cpuTimes } from './processes.js';
import { Instance } from './program.js';
import { joined, median, percentile } from './statistics.js';
import { Workshop } from './workshop.js';

/**
 * Measures what the triggers of the capture of domain events, or those of the audit log, cost: the same statements in
 * two tenants, one with these triggers and one without, alternating. npm run bench:capture, npm run bench:audit [--
 * --rows 1000000 --json FILE]
 */

const SUBJECTS = ['capture', 'audit'] as const;
type Subject = (typeof SUBJECTS)[number];
const TENANTS = { on: 'tenant_with', off: 'tenant_bare' } as const;
type Triggers = keyof typeof TENANTS;
const BOTH = ['off', 'on'] as const;

const CLIENTS = 10_000;
const ROUNDS = 6;
const STATEMENTS_PER_ROUND = 500;

/** `$1` is the number of the statement, from 0. */
const STATEMENTS: Readonly<Record<string, string>> = {
  'UPDATE of the stage (an event)': `UPDATE immigration_client
    SET stage = (ARRAY['LEAD', 'FOLLOW_UP', 'CLIENT', 'CLOSE'])[1 + ($1::integer / ${CLIENTS} + $1) % 4], updated_at = now()
    WHERE id = 1 + ($1::integer * 7919) % ${CLIENTS}`,
  'UPDATE of the e-mail (no event)': `UPDATE immigration_client SET email = 'a' || $1::integer || '@example.com', updated_at = now()
    WHERE id = 1 + ($1::integer * 7919) % ${CLIENTS}`,
  'INSERT of a task (an event)': `INSERT INTO immigration_task (title, due_date, assigned_to_id) VALUES ('Task ' || $1::integer, now(), 1)`,
  'INSERT of a client (no event)': `INSERT INTO immigration_client (first_name, email) VALUES ('New', 'n' || $1::integer || '@example.com')`,
};

interface Figure {
  readonly what: string;
  readonly triggers: Triggers;
  /** Milliseconds for one statement in a transaction of its own. */
  readonly p50: number;
  readonly p99: number;
  /** PostgreSQL's processor time for one, in milliseconds; null where unknown. */
  readonly cpu: number | null;
}

interface BulkFigure {
  readonly rows: number;
  readonly triggers: Triggers;
  readonly seconds: number;
  /** PostgreSQL's processor time, in seconds; null where unknown. */
  readonly cpu: number | null;
  /** Bytes of log that the statement wrote. */
  readonly log: number;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { rows: { type: 'string' }, json: { type: 'string' } },
  });
  const subject = SUBJECTS.find((name) => name === positionals[0]);
  if (!subject) throw new Error(`say what is measured: ${SUBJECTS.join(' or ')}`);
  const rows = Number(values.rows ?? 1_000_000);
  const workshop = await Workshop.open();
  workshop.closeOnSignals();
  try {
    const instance = new Instance(join(workshop.directory, 'data'), 0);
    const handle = await openDatabase(instance.config);
    workshop.atEnd(() => handle.close());
    const { owner, app } = handle;
    if (!owner) throw new Error("the owner's connection is missing");
    await migrateAll(owner, app.user);
    for (const triggers of BOTH) await makeTenant(owner, app.user, subject, triggers);
    const database = new Database(app, { size: 1 });
    workshop.atEnd(() => database.close());
    const { postmaster } = instance;
    const single: Figure[] = [];
    for (const [what, sql] of Object.entries(STATEMENTS)) {
      console.error(what);
      single.push(...(await measureSingle(database, postmaster, what, sql)));
    }
    const bulk: BulkFigure[] = [];
    for (const triggers of BOTH) {
      console.error(`UPDATE of ${rows} rows, ${subject} ${triggers}`);
      bulk.push(await withOwner(owner, (client) => measureBulk(client, postmaster, triggers, rows)));
    }
    print(single, bulk);
    if (values.json) writeFileSync(values.json, `${JSON.stringify({ single, bulk }, null, 2)}\n`);
  } finally {
    await workshop.close();
  }
}

type Owner = Parameters<typeof withOwner>[0];

async function makeTenant(
  owner: Owner,
  appUser: string,
  subject: Subject,
  triggers: Triggers,
): Promise<void> {
  const tenant = {
    schema: TENANTS[triggers],
    name: triggers,
    domains: [{ domain: `${triggers}.localhost`, isPrimary: true }],
  };
  const without = triggers === 'off' ? subject : null;
  await createTenantSchema(owner, appUser, tenant, without === 'capture' ? { capture: null } : {});
  await withOwner(owner, async (client) => {
    if (without === 'audit') await disableAudit(client, tenant.schema);
    await client.query(`SET search_path TO ${tenant.schema};
      INSERT INTO immigration_user (username) VALUES ('user');`);
    await addClients(client, CLIENTS);
  });
}

async function disableAudit(client: OwnerClient, schema: string): Promise<void> {
  const { rows } = await client.query<{ sql: string }>(
    `SELECT format('ALTER TABLE %s DISABLE TRIGGER %I', tgrelid::regclass, tgname) AS sql
     FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
     WHERE c.relnamespace = $1::regnamespace AND starts_with(tgname, 'audit_')`,
    [schema],
  );
  if (rows.length === 0) throw new Error(`${schema} has no triggers of the audit log`);
  for (const { sql } of rows) await client.query(sql);
}

async function addClients(client: OwnerClient, count: number): Promise<void> {
  await client.query(
    `INSERT INTO immigration_client (first_name, last_name, email, phone_number, assigned_to_id)
     SELECT 'First' || i, 'Last' || i, 'client' || i || '@example.com', '+977-98' || i, 1 FROM generate_series(1, $1) i`,
    [count],
  );
  await client.query('VACUUM (ANALYZE) immigration_client');
}

async function measureSingle(
  database: Database,
  postmaster: number | null,
  what: string,
  sql: string,
): Promise<Figure[]> {
  const times: Record<Triggers, Float64Array[]> = { on: [], off: [] };
  const cpu: Record<Triggers, number[]> = { on: [], off: [] };
  for (let round = -1; round < ROUNDS; round++) {
    for (const triggers of round % 2 === 0 ? BOTH : [...BOTH].reverse()) {
      const context = { schema: TENANTS[triggers], userId: 1 };
      const before = cpuTimes({ node: null, postmaster }).postgres;
      const own = new Float64Array(STATEMENTS_PER_ROUND);
      for (let i = 0; i < own.length; i++) {
        const begun = performance.now();
        await database.tenantQuery(context, statement(sql, [(round + 1) * STATEMENTS_PER_ROUND + i]));
        own[i] = performance.now() - begun;
      }
      if (round < 0) continue; // plans and caches
      times[triggers].push(own);
      const after = cpuTimes({ node: null, postmaster }).postgres;
      if (before !== null && after !== null) cpu[triggers].push((after - before) / STATEMENTS_PER_ROUND);
    }
  }
  return BOTH.map((triggers) => ({
    what,
    triggers,
    p50: percentile(joined(times[triggers]), 0.5),
    p99: percentile(joined(times[triggers]), 0.99),
    cpu: cpu[triggers].length > 0 ? median(cpu[triggers]) : null,
  }));
}

/** Measures a bulk statement after a small one on the same connection, whose plan the large one then has to use. */
async function measureBulk(
  client: OwnerClient,
  postmaster: number | null,
  triggers: Triggers,
  rows: number,
): Promise<BulkFigure> {
  await client.query(`SET search_path TO ${TENANTS[triggers]}`);
  await addClients(client, rows - CLIENTS);
  await client.query("UPDATE immigration_client SET stage = 'CLOSE' WHERE id = 1");
  await client.query('CHECKPOINT').catch(() => undefined);
  const position = async () =>
    (await client.query("SELECT pg_current_wal_insert_lsn() - '0/0' AS at")).rows[0].at as string;
  const before = BigInt(await position());
  const cpuBefore = cpuTimes({ node: null, postmaster }).postgres;
  const begun = performance.now();
  const { rowCount } = await client.query(
    "UPDATE immigration_client SET stage = CASE stage WHEN 'CLIENT' THEN 'CLOSE' ELSE 'CLIENT' END",
  );
  const seconds = (performance.now() - begun) / 1000;
  const cpuAfter = cpuTimes({ node: null, postmaster }).postgres;
  const cpu = cpuBefore === null || cpuAfter === null ? null : (cpuAfter - cpuBefore) / 1000;
  return { rows: rowCount ?? 0, triggers, seconds, cpu, log: Number(BigInt(await position()) - before) };
}

function print(single: readonly Figure[], bulk: readonly BulkFigure[]): void {
  const number = (value: number | null) => (value === null ? '–' : value.toFixed(3)).padStart(10);
  console.log(`${''.padEnd(40)}${'p50 ms'.padStart(10)}${'p99 ms'.padStart(10)}${'CPU ms'.padStart(10)}`);
  for (const { what, triggers, p50, p99, cpu } of single)
    console.log(`${`${what}, ${triggers}`.padEnd(40)}${number(p50)}${number(p99)}${number(cpu)}`);
  for (const { rows, triggers, seconds, cpu, log } of bulk)
    console.log(
      `UPDATE of ${rows} rows, ${triggers}: ${seconds.toFixed(1)} s, ${cpu?.toFixed(1) ?? '–'} s of processor time, ${(log / 2 ** 20).toFixed(0)} MiB of log`,
    );
}

await main();
