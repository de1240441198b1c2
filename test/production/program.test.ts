import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashPassword } from '../../src/auth/passwords.js';
import { withOwner } from '../../src/database/owner.js';
import type { ProductionCheck } from '../../src/production/check.js';
import { clockCheck } from '../../src/production/checks/clock.js';
import { disksCheck } from '../../src/production/checks/disks.js';
import { publishedLoginsCheck } from '../../src/production/checks/published-logins.js';
import { schedulerCheck } from '../../src/production/checks/scheduler.js';
import { DEMO_LOGINS } from '../../src/seed/demo-logins.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';
import { smallDisk } from '../helpers/small-disk.js';
import { checked, expectLines, goodConfig } from './checking.js';

// The checks of what the program has in its database, and of clock and disks of both machines.

let usual: TestDatabase;
let folder: string;
beforeAll(async () => {
  usual = await testDatabase();
  folder = mkdtempSync(join(tmpdir(), 'leopard-checks-'));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await usual?.drop();
});

const look = (
  check: ProductionCheck,
  place: Pick<TestDatabase, 'app' | 'owner'>,
  changes: NodeJS.ProcessEnv = {},
) =>
  checked(check, {
    config: goodConfig(changes),
    database: { kind: 'server', app: place.app, owner: place.owner },
  });
const sql = (text: string) => withOwner(usual.admin, (client) => client.query(text));
const disk = smallDisk(32);

describe('scheduler', () => {
  it('fails where none runs or a job failed', async () => {
    expectLines(await look(schedulerCheck, usual), [
      ['warning', /no scheduler has run yet.*; start a process/],
    ]);
    await sql(`INSERT INTO public.job_run (job, next_at, last_error) VALUES
      ('reminders', now() - interval '1 hour', NULL), ('tasks', now() + interval '1 hour', 'out of paper')`);
    expectLines(await look(schedulerCheck, usual), [
      ['problem', /due for 10 minutes and more are reminders; start/],
      ['warning', /failed of tasks; read its error: leopard jobs list/],
    ]);
  });
  it('passes where jobs run', async () => {
    await sql(`UPDATE public.job_run SET next_at = now() + interval '5 s', last_error = NULL`);
    expectLines(await look(schedulerCheck, usual), [['ok', /all jobs run/]]);
  });
});

describe('published log-ins', () => {
  it('fails while one works', async () => {
    const { username, email, password } = DEMO_LOGINS.find(({ schema }) => schema === 'tenant_main')!;
    const add = `INSERT INTO tenant_main.immigration_user (username, email, password, is_active)
      VALUES ($1, $2, $3, true)`;
    const hash = await hashPassword(password);
    await withOwner(usual.admin, (client) => client.query(add, [username, email, hash]));
    expectLines(await look(publishedLoginsCheck, usual), [
      ['problem', /of tenant_main\).*; delete the demonstration agencies \(leopard tenants delete\)/],
    ]);
    await withOwner(usual.admin, (client) =>
      client.query('UPDATE tenant_main.immigration_user SET is_active = false'),
    );
    const { app, owner } = usual;
    expectLines(await look(publishedLoginsCheck, { app, owner }), [['ok', /none/]]);
    const lines = await checked(publishedLoginsCheck, { database: { kind: 'server', app, owner: null } });
    expectLines(lines, [['unknown', /; set DATABASE_OWNER_URL/]]);
  });
  it('passes without demonstration data', async () => {
    expectLines(await look(publishedLoginsCheck, usual), [['ok', /none/]]);
  });
});

describe('clock', () => {
  const at = (change: number) => ({
    config: goodConfig(),
    database: { kind: 'server' as const, app: usual.app, owner: null },
    now: () => Date.now() + change,
  });
  const { PATH } = process.env;
  afterAll(() => {
    process.env.PATH = PATH;
  });

  it('fails where it differs from the database’s', async () => {
    const [ahead] = await checked(clockCheck, at(61_000));
    expect(ahead).toMatchObject({ level: 'problem', text: expect.stringMatching(/6[01]\.\d s ahead of/) });
    const [behind] = await checked(clockCheck, at(-5_000));
    expect(behind).toMatchObject({ level: 'warning', text: expect.stringMatching(/[45]\.\d s behind/) });
  });
  /** Puts a program of systemd in front of the machine's own, which may say nothing in a container. */
  const systemdSays = (answer: string) => {
    process.env.PATH = `${folder}:${PATH}`;
    writeFileSync(join(folder, 'timedatectl'), `#!/bin/sh\necho ${answer}\n`, { mode: 0o755 });
  };
  it('fails where nothing keeps it right', async () => {
    systemdSays('no');
    expectLines(await checked(clockCheck, at(0)), [['warning', /nothing keeps the clock .*; let both/]]);
  });
  it('passes where it agrees and NTP keeps it right', async () => {
    systemdSays('yes');
    expectLines(await checked(clockCheck, at(0)), [['ok', /kept right by NTP/]]);
  });
});

describe('disks', () => {
  it.runIf(disk)('fails where logs have no room', async () => {
    const lines = await look(disksCheck, usual, { SECURITY_LOG_FILE: join(disk!.path, 'security.log') });
    disk!.remove();
    expect(lines[0]).toMatchObject({
      level: 'problem',
      text: expect.stringMatching(/only \d+ MiB can be written for the security log in /),
      mend: 'make room on that disk',
    });
  });
  it('passes where there is room, and tells which disks it cannot see', async () => {
    const lines = await look(disksCheck, usual);
    expect(lines.map(({ level }) => level).filter((level) => level === 'problem')).toEqual([]);
    expect(lines.at(0)).toMatchObject({ level: 'unknown', text: expect.stringMatching(/of PostgreSQL/) });
    const seen = await look(disksCheck, { app: usual.admin, owner: usual.owner });
    expect(seen.every(({ level }) => level === 'ok')).toBe(true);
  });
});
