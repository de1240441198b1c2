import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withOwner } from '../../src/database/owner.js';
import { type CommandResult, cliSurroundings, runCommand } from '../helpers/cli.js';

// What is done to one tenant costs the same however many others there are: nothing of it reads all tenants' tables,
// functions or constraints. PostgreSQL has no index of these by schema, so that a search by schema alone reads all of them.

/** Tables and functions of others; each search that reads all of them reads this many more rows. */
const OTHERS = 1_500;

let surroundings: Awaited<ReturnType<typeof cliSurroundings>>;
let relations: readonly { readonly oid: string; readonly name: string }[];
beforeAll(async () => {
  surroundings = await cliSurroundings();
  // The indexes of names, which a search by schema may read from end to end; others have entries of what is gone.
  relations = await query(
    `SELECT c.oid::text AS oid, c.relname AS name FROM pg_class c
     WHERE c.relnamespace = 'pg_catalog'::regnamespace AND NOT c.relisshared
       AND (c.relkind = 'r' OR c.relkind = 'i' AND c.relname LIKE '%\\_nsp\\_index')`,
  );
});
afterAll(() => surroundings?.close());

const query = (sql: string, values: unknown[] = []) =>
  withOwner(surroundings.database.owner, async (client) => (await client.query(sql, values)).rows);

const OTHER_SESSIONS = `
  SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`;

/** Returns how many rows and entries all sessions have read so far of each table and index of the catalogue. */
async function readSoFar(): Promise<number[]> {
  // A session's numbers are there once it has ended.
  while ((await query(OTHER_SESSIONS)).length > 0) await sleep(10);
  const rows = await query(
    `SELECT pg_stat_get_tuples_returned(id)::integer AS read
     FROM unnest($1::oid[]) WITH ORDINALITY AS r (id, place) ORDER BY place`,
    [relations.map(({ oid }) => oid)],
  );
  return rows.map(({ read }) => read);
}

/** What is done to one tenant, from its creation to its removal. */
const COMMANDS = [
  ['tenants', 'create', '--tenant', 'reads', '--name', 'Reads'],
  ['tenants', 'rename', 'reads', 'reads_renamed'],
  ['tenants', 'show', 'reads_renamed'],
  ['tenants', 'clone', 'reads_renamed', 'reads_cloned', '--anonymise'],
  ['tenants', 'delete', 'reads_renamed', '--now', '--force'],
  ['tenants', 'delete', 'reads_cloned', '--now', '--force'],
];

/** Runs the commands, and returns what each of them has read. */
async function readByEach(): Promise<{ readonly what: string; readonly read: readonly number[] }[]> {
  const found = [];
  for (const args of COMMANDS) {
    const before = await readSoFar();
    const { exitCode, stderr }: CommandResult = await runCommand(surroundings.settings, args);
    expect([exitCode, stderr]).toEqual([0, expect.not.stringMatching(/error/i)]);
    const after = await readSoFar();
    found.push({ what: args.join(' '), read: after.map((value, place) => value - before[place]!) });
  }
  return found;
}

it('what is done to one tenant reads no more of the catalogue when there are many others', async () => {
  const alone = await readByEach();
  await query(`
    SET check_function_bodies TO off;
    CREATE SCHEMA others;
    DO $$ BEGIN
      FOR i IN 1 .. ${OTHERS} LOOP
        EXECUTE format('CREATE TABLE others.table_%s (id integer, CONSTRAINT c CHECK (id > 0))', i);
        EXECUTE format('CREATE FUNCTION others.function_%s() RETURNS integer LANGUAGE sql AS ''SELECT 1''', i);
      END LOOP;
    END $$`);
  const moreRead = async () =>
    (await readByEach()).flatMap(({ what, read }, i) =>
      relations.flatMap(({ name }, place) => {
        const difference = read[place]! - alone[i]!.read[place]!;
        // To clone empties tables by TRUNCATE, which looks through all constraints once.
        const allowed = what.includes('clone') && name === 'pg_constraint' ? OTHERS : 0;
        return difference - allowed > OTHERS / 2 ? [`${what}: ${difference} more of ${name}`] : [];
      }),
    );
  // Autovacuum looks through pg_class too, now and then.
  expect((await moreRead()).length > 0 ? await moreRead() : []).toEqual([]);
}, 60_000);
