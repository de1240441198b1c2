import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase } from '../src/database/connections.js';
import { withOwner } from '../src/database/owner.js';
import { migrateAll } from '../src/schema/migrator.js';
import { seedContract } from '../src/seed/contract.js';
import { CONTRACT_PASSWORD } from '../src/seed/contract-rows.js';
import { AGENCY_ROWS } from './agency-rows.js';
import { ask } from './ask.js';
import { ADMIN } from './cases.js';
import { build, freePort, Instance, type Program } from './program.js';
import type { Workshop } from './workshop.js';

/** The program with an agency of 10,000 clients and as many applications of either kind. */
export interface AgencyProgram {
  readonly instance: Instance;
  readonly program: Program;
  readonly port: number;
  readonly host: string;
  /** The headers of the admin, who sees the whole agency. */
  readonly admin: Readonly<Record<string, string>>;
  /** The headers of an admin of one of its four branches. */
  readonly branch: Readonly<Record<string, string>>;
}

/**
 * Builds, fills a database in the workshop's folder and starts the program on it; closing the workshop stops it.
 * @param settings in addition to those of the bench
 */
export async function startAgency(
  workshop: Workshop,
  say: (line: string) => void,
  settings: Readonly<Record<string, string>> = {},
): Promise<AgencyProgram> {
  await build();
  const port = await freePort();
  const directory = join(workshop.directory, 'data');
  await mkdir(directory);
  const instance = new Instance(directory, port, settings);
  await fill(instance, workshop, say);
  say('starting the program');
  const program = workshop.start(instance);
  await program.ready();
  const host = `main.localhost:${port}`;
  const headers = async (username: string) => ({
    host,
    authorization: `Bearer ${await logIn(port, host, username)}`,
  });
  return {
    instance,
    program,
    port,
    host,
    admin: await headers(ADMIN.username),
    branch: await headers('user0'),
  };
}

async function fill(instance: Instance, workshop: Workshop, say: (line: string) => void): Promise<void> {
  workshop.ensureOpen();
  const handle = await openDatabase(instance.config);
  try {
    const { owner, app } = handle;
    if (!owner) throw new Error("the owner's connection is missing");
    await migrateAll(owner, app.user);
    await seedContract(handle, { onProgress: say });
    say('adding names and applications');
    await withOwner(owner, async (client) => {
      await client.query(`SET search_path TO ${ADMIN.schema}`);
      for (const rows of AGENCY_ROWS) await client.query(rows);
      await client.query('TRUNCATE immigration_event');
      await client.query('VACUUM (ANALYZE)');
    });
  } finally {
    await handle.close();
  }
}

async function logIn(port: number, host: string, username: string): Promise<string> {
  const headers = { host, 'content-type': 'application/json' };
  const body = JSON.stringify({ username, password: CONTRACT_PASSWORD });
  const answer = await ask(port, { method: 'POST', path: '/api/token/', headers, body });
  if (answer.status !== 200)
    throw new Error(`the log-in of ${username} was answered with status ${answer.status}`);
  return (JSON.parse(answer.body) as { access: string }).access;
}

/** Returns the version of the agency's PostgreSQL, while its program runs. */
export async function serverVersion({ instance }: AgencyProgram): Promise<string> {
  const { app } = await openDatabase(instance.config, { shared: true });
  return await withOwner(app, async (client) => {
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
    return rows[0]?.server_version ?? '';
  });
}
