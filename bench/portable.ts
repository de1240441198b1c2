import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openDatabase } from '../src/database/connections.js';
import { withOwner } from '../src/database/owner.js';
import { PACKAGE_ROOT } from '../src/platform/package-root.js';
import { createTenantSchema } from '../src/provisioning/tenant-schema.js';
import { migrateAll } from '../src/schema/migrator.js';
import { build, freePort, Instance } from './program.js';
import { Workshop } from './workshop.js';

/**
 * Measures export, import and clone of an agency of 100,000 clients with a picture each: time, and the most memory that
 * the process took, which must stay under 200 MB.
 * npm run bench:portable [-- --clients 100000]
 */

const MOST_MB = 200;
const PICTURE_BYTES = 3_000;
const SCHEMA = 'tenant_acme';

const { values } = parseArgs({ options: { clients: { type: 'string', default: '100000' } } });
const clients = Number(values.clients);

const ROWS = [
  `INSERT INTO immigration_client (first_name, last_name, email, phone_number, stage, active, description)
   SELECT 'Given ' || n, 'Family ' || n, 'client' || n || '@example.com', '+61' || (400000000 + n), 'LEAD', true, repeat('text ', 40)
   FROM generate_series(1, $1::integer) n`,
  `INSERT INTO immigration_note (client_id, content) SELECT id, repeat('note ', 60) FROM immigration_client`,
  `INSERT INTO immigration_passport (id, passport_no) SELECT id, 'N' || id FROM immigration_client`,
  `INSERT INTO immigration_profilepicture (client_id, file, file_size, file_type)
   SELECT id, 'profile-pictures/' || gen_random_uuid() || '.png', ${PICTURE_BYTES}, 'image/png' FROM immigration_client`,
];

const workshop = await Workshop.open();
workshop.closeOnSignals();
try {
  await build();
  const directory = join(workshop.directory, 'data');
  mkdirSync(directory);
  const instance = new Instance(directory, await freePort());
  const handle = await openDatabase(instance.config);
  workshop.atEnd(() => handle.close());
  const owner = handle.owner!;
  await migrateAll(owner, handle.app.user);
  await createTenantSchema(owner, handle.app.user, {
    schema: SCHEMA,
    name: 'Acme',
    domains: [{ domain: 'acme.localhost', isPrimary: true }],
  });
  const files = await withOwner(owner, async (client) => {
    await client.query(`SET search_path TO ${SCHEMA}`);
    for (const sql of ROWS) await client.query(sql, sql.includes('$1') ? [clients] : []);
    await client.query('VACUUM (ANALYZE)');
    return (await client.query<{ file: string }>('SELECT file FROM immigration_profilepicture')).rows;
  });
  const media = join(instance.config.mediaDirectory, SCHEMA);
  mkdirSync(join(media, 'profile-pictures'), { recursive: true });
  for (const { file } of files) writeFileSync(join(media, file), Buffer.alloc(PICTURE_BYTES, file));
  console.log(`${clients} clients, each with a note, a passport and a picture of ${PICTURE_BYTES} bytes`);

  const archive = join(workshop.directory, 'acme.tar');
  const commands = [
    ['export', 'acme', '--to', archive],
    ['import', archive, '--as', 'imported'],
    ['clone', 'acme', 'copied'],
    ['clone', 'acme', 'sample', '--anonymise'],
  ];
  let failed = false;
  for (const args of commands) {
    const { seconds, megabytes, code } = await measured(instance, ['tenants', ...args]);
    failed ||= code !== 0 || megabytes > MOST_MB;
    console.log(
      `${args[0]}${args.includes('--anonymise') ? ' --anonymise' : ''}: ${seconds.toFixed(1)} s, ${megabytes} MB at most${code === 0 ? '' : ` (failed with ${code})`}`,
    );
  }
  console.log(`the file has ${(statSync(archive).size / 1e6).toFixed(0)} MB`);
  if (failed) process.exitCode = 1;
} finally {
  await workshop.close();
}

/** Runs a command in a process of its own. @returns its time, and the most memory that it took */
async function measured(
  { environment }: Instance,
  args: readonly string[],
): Promise<{ seconds: number; megabytes: number; code: number | null }> {
  const begun = performance.now();
  const child = spawn(process.execPath, [join(PACKAGE_ROOT, 'dist', 'cli.js'), ...args], {
    env: { ...environment },
    stdio: 'ignore',
  });
  let most = 0;
  const timer = setInterval(() => {
    most = Math.max(most, peakOf(child.pid!));
  }, 100);
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  clearInterval(timer);
  return { seconds: (performance.now() - begun) / 1000, megabytes: Math.round(most / 1024), code };
}

/** Returns the peak of a process's memory so far in kB; 0 when it has ended. */
function peakOf(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
