import { afterAll, beforeAll, expect, it } from 'vitest';
import { oldSecurityEventsJob } from '../../src/auth/old-security-events-job.js';
import { JOB_SETTINGS, type JobTest, jobTest } from '../helpers/jobs.js';

let test: JobTest;
beforeAll(async () => {
  test = await jobTest();
  await test.sql(
    `INSERT INTO tenant_main.security_event (at, kind, user_id)
     SELECT now() - make_interval(days => age), 'login', age FROM unnest($1::integer[]) age`,
    [AGES],
  );
});
afterAll(() => test?.close());

const AGES = [400, 100, 31, 29, 1];
const run = (retentionDays: number, options = {}) =>
  test.run(oldSecurityEventsJob, {
    settings: { ...JOB_SETTINGS, securityLog: { retentionDays } },
    ...options,
  });
const kept = async () =>
  (await test.sql('SELECT user_id::integer AS age FROM tenant_main.security_event ORDER BY 1 DESC')).map(
    ({ age }) => age,
  );

it('keeps events for ever, for as long as it is told, and for 30 days in any case', async () => {
  expect((await run(0)).done).toBe(0);
  // Nothing is removed that the owner has not allowed to be.
  expect((await run(30)).done).toBe(0);
  await test.sql("UPDATE public.log_retention SET days = 30 WHERE log = 'security'");
  expect((await run(365, { dryRun: true })).done).toBe(1);
  expect(await kept()).toEqual(AGES);
  expect((await run(365)).done).toBe(1);
  expect((await run(1)).done).toBe(2);
  expect(await kept()).toEqual([29, 1]);
});
