import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { openDatabase } from '../../src/database/connections.js';
import { type OwnerClient, withOwner } from '../../src/database/owner.js';
import { createTenantSchema } from '../../src/provisioning/tenant-schema.js';
import { migrateAll } from '../../src/schema/migrator.js';
import { Instance } from '../program.js';
import { asMarkdown, asText, machine, type Table, writeMarkdown } from '../report.js';
import { loadAverage, surroundings } from '../surroundings.js';
import { Workshop } from '../workshop.js';
import { CLIENTS, measurePrices, type Prices, type SchemaChange, WRITES } from './prices.js';

/**
 * Measures what each trigger, index and foreign key of a client costs a write: npm run bench:writes [-- --rounds 15
 * --statements 60 --only INSERT --variants FOLDER --markdown FILE --json FILE]. With a folder of .sql files, each of
 * these changes the schema in a variant of its own, and only these are measured beside it: --variants bench/writes/former
 * compares with an earlier state. What a create costs through the API: npm run bench -- --only create
 * --connections 16.
 */

const SCHEMA = 'tenant_writes';
/** Parts that cost less, in microseconds, are left out of the table: the machine's noise. */
const LEAST_SHOWN = 5;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    statements: { type: 'string', default: '60' },
    only: { type: 'string' },
    variants: { type: 'string' },
    markdown: { type: 'string' },
    json: { type: 'string' },
  },
});

const load = loadAverage();
const workshop = await Workshop.open();
workshop.closeOnSignals();
try {
  const instance = new Instance(join(workshop.directory, 'data'), 0);
  const handle = await openDatabase(instance.config);
  workshop.atEnd(() => handle.close());
  const { owner, app } = handle;
  if (!owner) throw new Error("the owner's connection is missing");
  await migrateAll(owner, app.user);
  const tenant = {
    schema: SCHEMA,
    name: 'Writes',
    domains: [{ domain: 'writes.localhost', isPrimary: true }],
  };
  await createTenantSchema(owner, app.user, tenant);
  const options = {
    rounds: Number(values.rounds),
    statements: Number(values.statements),
    ...(values.variants === undefined ? {} : { changes: changesIn(values.variants) }),
  };
  const [all, version] = await withOwner(owner, async (client) => {
    await fill(client);
    const measured: Prices[] = [];
    for (const write of WRITES) {
      if (values.only && !write.what.includes(values.only)) continue;
      console.error(write.what);
      measured.push(await measurePrices(client, SCHEMA, write, options));
    }
    const { rows } = await client.query<{ version: string }>(
      "SELECT current_setting('server_version') AS version",
    );
    return [measured, rows[0]?.version ?? ''] as const;
  });
  const on = machine(surroundings(workshop.directory, version, load)).join('\n');
  const tables =
    values.variants === undefined
      ? [summary(all), ...all.filter(({ parts }) => parts.length > 0).map(priceTable)]
      : [comparison(all)];
  console.log([on, ...tables.map(asText)].join('\n\n'));
  if (values.markdown)
    writeMarkdown(
      values.markdown,
      values.variants === undefined ? 'writes' : 'writes-variants',
      [on, ...tables.map(asMarkdown)].join('\n\n'),
    );
  if (values.json) writeFileSync(values.json, `${JSON.stringify(all, null, 2)}\n`);
} finally {
  await workshop.close();
}

function changesIn(folder: string): SchemaChange[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.sql'));
  return files.sort().map((name) => ({
    what: basename(name, '.sql'),
    sql: readFileSync(join(folder, name), 'utf8'),
  }));
}

async function fill(client: OwnerClient): Promise<void> {
  await client.query(`GRANT ${SCHEMA} TO CURRENT_USER;
    SET search_path TO ${SCHEMA};
    SET leopard.user_id TO '1';
    SET leopard.source TO '203.0.113.7 7b7cf9a2-3a0e-4cf4-a0a3-a5d0b9a6b8a1';
    INSERT INTO immigration_region (name) VALUES ('Region');
    INSERT INTO immigration_branch (name, region_id) SELECT 'Branch', id FROM immigration_region;
    INSERT INTO immigration_user (username) SELECT 'user' || n FROM generate_series(1, 10) n;
    INSERT INTO immigration_client (first_name, last_name, email, phone_number, assigned_to_id, branch_id, created_by_id)
    SELECT 'First' || n, 'Last' || n, 'client' || n || '@example.com', '+977-98' || n, 1, 1, 1
    FROM generate_series(1, ${CLIENTS}) n`);
  await client.query('VACUUM (ANALYZE)');
}

function summary(all: readonly Prices[]): Table {
  return {
    title: "PostgreSQL's processor time of one statement, in µs",
    head: ['', 'with everything', 'bare', 'ratio', 'aim'],
    rows: all.map(({ write, whole, bare }) => [
      write.what,
      whole.toFixed(0),
      bare.toFixed(0),
      (whole / bare).toFixed(2),
      write.operation === 'INSERT' && write.rows === undefined ? '1.6' : '',
    ]),
  };
}

/** Shows variants of the schema beside the whole. */
function comparison(all: readonly Prices[]): Table {
  return {
    title: "PostgreSQL's processor time of one statement, in µs",
    head: ['', 'now', ...(all[0]?.parts.map(({ what }) => what) ?? []), 'bare', 'ratio'],
    rows: all.map(({ write, whole, bare, parts }) => [
      write.what,
      ...[whole, ...parts.map(({ without }) => without), bare].map((price) => price.toFixed(0)),
      (whole / bare).toFixed(2),
    ]),
  };
}

function priceTable({ write, whole, parts }: Prices): Table {
  const priced = parts.map(({ what, without }) => ({ what, without, price: whole - without }));
  return {
    title: `${write.what}, without one part`,
    head: ['without', 'µs', 'so it costs'],
    rows: priced
      .filter(({ price }) => price >= LEAST_SHOWN)
      .sort((a, b) => b.price - a.price)
      .map(({ what, without, price }) => [what, without.toFixed(0), price.toFixed(0)]),
  };
}
