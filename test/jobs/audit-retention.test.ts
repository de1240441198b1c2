import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { oldAuditEntriesJob } from '../../src/immigration/audit/old-entries-job.js';
import { storeRetention } from '../../src/schema/log-retention.js';
import { JOB_SETTINGS, type JobTest, jobTest } from '../helpers/jobs.js';

let test: JobTest;
beforeAll(async () => {
  test = await jobTest();
});
afterAll(() => test?.close());

const LOG = 'tenant_main.audit_entry';
const AGES = [2_000, 800, 400, 366, 364, 1];

// Created as only the server's superuser can.
beforeEach(async () => {
  await test.sql(`SET session_replication_role TO 'replica'; DELETE FROM ${LOG}`);
  await test.sql(
    `INSERT INTO ${LOG} (at, operation, entity, record_id)
     SELECT now() - make_interval(days => age), 'read', 'aged', age FROM unnest($1::integer[]) age`,
    [AGES],
  );
});
const run = (auditRetentionDays: number, options = {}) =>
  test.run(oldAuditEntriesJob, { settings: { ...JOB_SETTINGS, auditRetentionDays }, ...options });
/** Stores the days for which the log is kept, as a start with the owner's settings does. */
const store = (auditRetentionDays: number) =>
  storeRetention(test.databases.owner, { ...JOB_SETTINGS, auditRetentionDays });
const kept = async () =>
  (await test.sql(`SELECT record_id::integer AS age FROM ${LOG} ORDER BY 1 DESC`)).map(({ age }) => age);

it('keeps everything where nothing else is set', async () => {
  await store(0);
  expect((await run(0)).done).toBe(0);
  expect(await kept()).toEqual(AGES);
});

it('goes by what the owner has stored, not by what the program asks for', async () => {
  expect((await run(366)).done).toBe(0);
  await test.sql('SET ROLE tenant_main; SET search_path TO tenant_main; SELECT audit_forget(366, NULL)');
  expect(await kept()).toEqual(AGES);
  const change = 'UPDATE public.log_retention SET days = 365';
  for (const role of ['tenant_main', test.databases.app.user])
    await expect(test.sql(`SET ROLE ${role}; ${change}`)).rejects.toThrow('permission denied');
  await store(1_000);
  expect((await run(366)).done).toBe(1);
  expect(await kept()).toEqual(AGES.slice(1));
});

it('removes what is older than it is told, and counts it before', async () => {
  await store(365);
  expect((await run(500, { dryRun: true })).done).toBe(2);
  expect(await kept()).toEqual(AGES);
  expect(await run(500)).toEqual({ done: 2, tenants: [{ schema: 'tenant_main', done: 2 }], failures: [] });
  expect(await kept()).toEqual([400, 366, 364, 1]);
});

it('keeps what is not a year old, whatever it is told', async () => {
  expect((await run(1)).done).toBe(4);
  expect(await kept()).toEqual([364, 1]);
  await expect(test.sql(`DELETE FROM ${LOG}`)).rejects.toThrow('nor removed within a year');
});

it('removes many in batches, by several processes at once', async () => {
  await test.sql(`INSERT INTO ${LOG} (at, operation, entity)
    SELECT now() - interval '900 days', 'read', 'aged' FROM generate_series(1, 2500)`);
  const runs = await Promise.all([run(850), run(850)]);
  expect(runs.reduce((sum, { done }) => sum + done, 0)).toBe(2_501);
  expect(await kept()).toEqual(AGES.slice(1));
});
