import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CurrentUser } from '../../src/auth/current-user.js';
import { stageConversionsReport, timeInStageReport } from '../../src/immigration/reports/client-stages.js';
import type { ReportQuery } from '../../src/immigration/reports/report-query.js';
import { type WorkerTest, workerTest } from '../helpers/worker.js';

// The reports read what the shipped configuration of events writes into the timeline.

const admin: CurrentUser = {
  id: 1,
  username: 'admin',
  email: '',
  isActive: true,
  isSuperuser: true,
  groups: ['SUPER_ADMIN'],
  permissions: new Set(),
  branchIds: [],
  regionIds: [],
  regionBranchIds: [],
  tokensFrom: 0,
  endedSessions: new Set(),
};

let worker: WorkerTest;
beforeAll(async () => {
  worker = await workerTest();
  await worker.start();
});
afterAll(() => worker?.close());

test('changes of the stage are counted once their events are handled, and when these are gone', async () => {
  const context = { schema: 'tenant_main', userId: 1 };
  const change = (sql: string) => worker.database.tenantQuery(context, { sql, parameters: [] });
  await change("INSERT INTO immigration_client (first_name, branch_id, stage) VALUES ('x', 1, 'LEAD')");
  for (const stage of ['FOLLOW_UP', 'CLIENT', 'FOLLOW_UP', 'CLIENT']) {
    await change(`UPDATE immigration_client SET stage = '${stage}'`);
  }
  await worker.drained();
  await worker.sql('DELETE FROM immigration_event');

  const question: ReportQuery = {
    user: admin,
    now: new Date().toISOString(),
    zone: 'UTC',
    period: { firstDate: null, lastDate: null, from: null, end: null },
    branch: null,
    format: 'json',
  };
  const moves = await worker.database.tenantQuery(context, stageConversionsReport.rows(question));
  expect(moves).toMatchObject([
    { from_stage: 'LEAD', to_stage: 'FOLLOW_UP', moves: 1, clients: 1, all_moves: 1 },
    { from_stage: 'FOLLOW_UP', to_stage: 'CLIENT', moves: 2, clients: 1, all_moves: 2 },
    { from_stage: 'CLIENT', to_stage: 'FOLLOW_UP', moves: 1, clients: 1, all_moves: 1 },
  ]);
  const times = await worker.database.tenantQuery(context, timeInStageReport.rows(question));
  expect(times).toMatchObject([
    { stage: 'LEAD', stays: 1, clients_now: 0 },
    { stage: 'FOLLOW_UP', stays: 2, clients_now: 0 },
    { stage: 'CLIENT', stays: 1, clients_now: 1 },
    { stage: 'CLOSE', stays: 0, clients_now: 0 },
  ]);
});
