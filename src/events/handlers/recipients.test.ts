import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventsConfig, type WorkerTest, workerTest } from '../../../test/helpers/worker.js';
import type { Condition, HandlerUse, NotificationConfig, Recipient, TaskConfig } from '../types.js';

// STAFF: regions 1 (branches 1, 2), 2 (branch 3). 1 admin (SUPER_ADMIN, branch 1), 2 manager1 (region 1, branch 2),
// 3 manager2 (region 2), 4 branch1, 5 branch3 (BRANCH_ADMINs), 6 consultant1, 7 consultant12, 8 consultant3,
// 9 homeless, 10 groupless (branch 1), 11 root, 12 gone (branch 1, switched off).
let test: WorkerTest;
let client: number;

beforeAll(async () => {
  test = await workerTest();
});
afterAll(() => test.close());

beforeEach(async () => {
  await test.clear();
  const [row] =
    await test.sql(`INSERT INTO immigration_client (first_name, last_name, gender, country, branch_id, assigned_to_id)
    VALUES ('Maya', 'Rai', 'FEMALE', 'NP', 1, 6) RETURNING id::integer`);
  client = row!.id;
  await test.clear();
});

/** Handles what `change` makes with this use of a handler for `type` alone. */
async function handle(type: string, use: HandlerUse, change: string): Promise<void> {
  const running = await test.start({
    config: eventsConfig({ [type]: { handlers: [use] } }),
    pollMs: 50,
  });
  try {
    await test.sql(change);
    await test.until(async () => {
      const rows = await test.sql(
        'SELECT FROM immigration_event WHERE event_type = $1 AND processed_at IS NULL',
        [type],
      );
      return rows.length === 0;
    });
  } finally {
    await running.stop();
  }
}

async function told(recipients: readonly Recipient[], condition?: Condition): Promise<number[]> {
  const config: NotificationConfig = {
    type: 'CLIENT_STAGE_CHANGED',
    title_template: 'Title',
    message_template: '{client_name}: {old_stage} to {new_stage} by {performed_by_name}',
    recipients,
  };
  const use = { handler: 'notification', config, ...(condition && { condition }) } as const;
  await handle(
    'Client.stage.UPDATE',
    use,
    `UPDATE immigration_client SET stage = 'CLOSE' WHERE id = ${client}`,
  );
  const rows = await test.sql(
    'SELECT assigned_to_id::integer AS user, message FROM immigration_notification ORDER BY 1',
  );
  for (const { message } of rows) expect(message).toBe('Maya Rai: LEAD to CLOSE by System');
  return rows.map(({ user }) => user);
}

describe('recipients', () => {
  it.each([
    ['the user in a field', [{ field: 'assigned_to' }], [6]],
    ['nobody in an empty field', [{ field: 'created_by' }], []],
    ['a role in the tenant', [{ role: 'CONSULTANT', scope: 'tenant' }], [6, 7, 8, 9]],
    ['a role in the branch', [{ role: 'BRANCH_ADMIN', scope: 'branch' }], [4]],
    ['a role in the region, by region or by branch', [{ role: 'REGION_MANAGER', scope: 'region' }], [2]],
    ['a role in the region, by branch', [{ role: 'CONSULTANT', scope: 'region' }], [6, 7]],
    ['the team of the branch', [{ team: 'branch' }], [1, 4, 6, 7, 10]],
    ['the team of the region', [{ team: 'region' }], [1, 2, 4, 6, 7, 10]],
    ['named users, but none who is switched off or not there', [{ user_ids: [9, 11, 12, 999] }], [9, 11]],
    ['nobody', [], []],
    [
      'each of several once',
      [
        { field: 'assigned_to' },
        { user_ids: [6, 5] },
        { role: 'CONSULTANT', scope: 'branch' },
        { team: 'branch' },
      ],
      [1, 4, 5, 6, 7, 10],
    ],
  ] as [string, Recipient[], number[]][])('are %s', async (_name, recipients, users) => {
    expect(await told(recipients)).toEqual(users);
  });

  it('of a deleted branch are none', async () => {
    await test.sql('UPDATE immigration_branch SET deleted_at = now() WHERE id = 1');
    try {
      expect(await told([{ team: 'branch' }, { role: 'REGION_MANAGER', scope: 'region' }])).toEqual([]);
    } finally {
      await test.sql('UPDATE immigration_branch SET deleted_at = NULL');
    }
  });

  it('of a client without branch are none', async () => {
    await test.sql(`UPDATE immigration_client SET branch_id = NULL WHERE id = ${client}`);
    expect(await told([{ team: 'branch' }, { team: 'region' }])).toEqual([]);
  });

  it("are found by the record's client", async () => {
    const config: NotificationConfig = {
      type: 'CLIENT_ASSIGNED',
      title_template: 'x'.repeat(300),
      message_template: '{author_name} wrote about {client_name}',
      recipients: [{ field: 'client.assigned_to' }, { role: 'BRANCH_ADMIN', scope: 'branch' }],
    };
    await handle(
      'Note.CREATE',
      { handler: 'notification', config },
      `INSERT INTO immigration_note (content, client_id, author_id) VALUES ('x', ${client}, 8)`,
    );
    const rows = await test.sql(
      'SELECT assigned_to_id::integer AS user, message, length(title) AS length FROM immigration_notification ORDER BY 1',
    );
    const message = 'First consultant3 Last consultant3 wrote about Maya Rai';
    expect(rows).toEqual([
      { user: 4, message, length: 200 },
      { user: 6, message, length: 200 },
    ]);
  });
});

describe('a condition', () => {
  const everybody: Recipient[] = [{ user_ids: [1] }];

  it.each([
    [{ kind: 'field_changed', field: 'stage' }, true],
    [{ kind: 'field_changed', field: 'active' }, false],
    [{ kind: 'field_was_null', field: 'agent' }, true],
    [{ kind: 'field_was_null', field: 'assigned_to' }, false],
    [{ kind: 'field_equals', field: 'stage', value: 'CLOSE' }, true],
    [{ kind: 'field_equals', field: 'branch', value: 2 }, false],
    [{ kind: 'field_in', field: 'stage', values: ['CLIENT', 'CLOSE'] }, true],
    [{ kind: 'field_in', field: 'stage', values: ['LEAD'] }, false],
    [{ kind: 'has_linked_client' }, true],
  ] as [Condition, boolean][])('%j is met: %s', async (condition, isMet) => {
    expect(await told(everybody, condition)).toEqual(isMet ? [1] : []);
    const [event] = await test.sql(
      `SELECT handler_results -> 'notification' AS result FROM immigration_event WHERE event_type = 'Client.stage.UPDATE'`,
    );
    expect(event!.result.status).toBe(isMet ? 'SUCCESS' : 'SKIPPED');
    if (!isMet) expect(event!.result.message).toBe(`condition not met: ${condition.kind}`);
  });
});

describe('the task handler', () => {
  const config: TaskConfig = {
    title_template: 'Welcome {client_name}',
    detail_template: 'Stage {stage}',
    due_date_days: 3,
    priority: 'HIGH',
    assigned_to_field: 'assigned_to',
  };
  const tasks = () =>
    test.sql(`SELECT title, detail, priority, status, assigned_to_id::integer AS to, content_type_id AS type, object_id AS object,
      round(extract(epoch FROM due_date - now()) / 86400)::integer AS days FROM immigration_task`);

  it('makes a task, linked to the client, and tells its assignee', async () => {
    const change = `UPDATE immigration_client SET stage = 'CLOSE' WHERE id = ${client}`;
    await handle('Client.stage.UPDATE', { handler: 'task', config }, change);
    expect(await tasks()).toEqual([
      {
        title: 'Welcome Maya Rai',
        detail: 'Stage CLOSE',
        priority: 'HIGH',
        status: 'PENDING',
        to: 6,
        type: 10,
        object: client,
        days: 3,
      },
    ]);
    const [notification] = await test.sql(
      'SELECT notification_type AS type, assigned_to_id::integer AS to, meta_info AS meta FROM immigration_notification',
    );
    expect(notification).toMatchObject({ type: 'TASK_ASSIGNED', to: 6, meta: { priority: 'HIGH' } });
  });

  it('makes it for nobody when the assignee is switched off, with what is usual', async () => {
    const few: TaskConfig = { title_template: 'A', detail_template: '', assigned_to_field: 'assigned_to' };
    const change = `UPDATE immigration_client SET stage = 'CLOSE', assigned_to_id = 12 WHERE id = ${client}`;
    await handle('Client.stage.UPDATE', { handler: 'task', config: few }, change);
    expect(await tasks()).toMatchObject([{ title: 'A', priority: 'MEDIUM', to: null, days: 1 }]);
    expect(await test.sql('SELECT FROM immigration_notification')).toEqual([]);
  });
});

it('a handler that a type uses twice has two results, and one that is switched off none', async () => {
  const config = { activity_type: 'NOTE_ADDED', description_template: '{?content:says {content}|nothing}' };
  const twice: HandlerUse[] = [
    { handler: 'client_activity', config },
    { handler: 'client_activity', config, enabled: false },
    { handler: 'client_activity', config: { ...config, description_template: 'again' } },
  ];
  const running = await test.start({
    config: eventsConfig({ 'Note.CREATE': { handlers: twice } }),
    pollMs: 50,
  });
  await test.sql(`INSERT INTO immigration_note (content, client_id) VALUES ('{x}', ${client})`);
  await test.drained();
  await running.stop();
  const [event] = await test.sql('SELECT handler_results AS results FROM immigration_event');
  expect(Object.keys(event!.results).sort()).toEqual(['client_activity', 'client_activity_3']);
  const entries = await test.sql('SELECT description FROM immigration_clientactivity ORDER BY id');
  expect(entries).toEqual([{ description: 'says {x}' }, { description: 'again' }]);
});
