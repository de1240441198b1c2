import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/helpers/app.js';
import { idOf, seedStaff } from '../../../test/helpers/staff.js';
import { tenantSql } from '../../../test/helpers/tenant-sql.js';

// Filters of the list of clients, and bulk changes.

const CLIENTS = '/api/v1/clients/';

let app: TestApp;
const tokens: Record<string, string> = {};
const sql = (text: string, values?: unknown[]) => tenantSql(app.databases.admin, text, values);
const get = (path: string, by = 'admin') => app.ask('GET', CLIENTS + path, { token: tokens[by] });
const bulk = (operation: string, body: object, by = 'admin') =>
  app.ask('POST', `${CLIENTS}bulk/${operation}/`, { token: tokens[by], body });

beforeAll(async () => {
  app = await startTestApp();
  await sql(
    `UPDATE public.tenants_tenant SET settings = '{"time_zone": "Asia/Kathmandu"}' WHERE schema_name = 'tenant_main'`,
  );
  await seedStaff(app);
  for (const name of ['admin', 'branch1', 'manager1', 'consultant1']) tokens[name] = await app.logIn(name);
});
afterAll(() => app?.close());

/**
 * Clients 1 to 6: of branches 1 to 3, the even ones assigned to consultant1; one day apart, at noon; and 7, archived.
 */
beforeEach(async () => {
  await sql('TRUNCATE immigration_client RESTART IDENTITY CASCADE');
  await sql(`
    INSERT INTO immigration_client (first_name, gender, country, branch_id, stage, assigned_to_id, agent_id, visa_category_id,
      created_at, updated_at, deleted_at)
    SELECT 'C' || n, 'OTHER', 'NP', 1 + (n - 1) % 3, (ARRAY['LEAD', 'FOLLOW_UP', 'CLIENT'])[1 + (n - 1) % 3],
      CASE WHEN n % 2 = 0 THEN ${idOf('consultant1')} END, CASE WHEN n = 5 THEN 1 END, CASE WHEN n < 3 THEN 1 END,
      '2026-03-01T12:00:00Z'::timestamptz + n * interval '1 day', '2026-04-01T12:00:00Z'::timestamptz + n * interval '1 day',
      CASE WHEN n = 7 THEN now() END
    FROM generate_series(1, 7) n`);
});

describe('filters', () => {
  test.each([
    ['branch=1', [4, 1]],
    ['branch=1&stage=LEAD', [4, 1]],
    ['branch=1&stage=CLIENT', []],
    ['branch=1&include_deleted=true', [7, 4, 1]],
    ['branch=99', []],
    ['branch=99999999999999999999', []],
    ['branch=', [6, 5, 4, 3, 2, 1]],
    ['stage=LEAD&stage=CLIENT', [6, 4, 3, 1]],
    [`assigned_to=${idOf('consultant1')}`, [6, 4, 2]],
    ['agent=1', [5]],
    ['visa_category=1&branch=2', [2]],
    // Kathmandu is 5:45 ahead: noon of the 3rd in UTC is 17:45 of the 3rd there.
    ['created_after=2026-03-05', [6, 5, 4]],
    ['created_before=2026-03-05', [4, 3, 2, 1]],
    ['created_after=2026-03-05&created_before=2026-03-05', [4]],
    ['created_after=2026-03-05T12:00:00Z&created_before=2026-03-06T12:00:00Z', [4]],
    ['updated_after=2026-04-06', [6, 5]],
    ['updated_before=2026-04-02&branch=1', [1]],
  ])('?%s, in the list, the file and the counts', async (query, ids) => {
    const { status, body } = await get(`?${query}`);
    expect(status, JSON.stringify(body)).toBe(200);
    expect(body.results.map(({ id }: { id: number }) => id)).toEqual(ids);
    expect(body.count).toBe(ids.length);
    const file = parse<{ id: string }>((await get(`export/?${query}`)).raw, { columns: true, bom: true });
    expect(file.map(({ id }) => Number(id))).toEqual(ids);
    const counts = (await get(`stage-counts/?${query}`)).body;
    expect(counts.TOTAL).toBe(ids.length);
  });

  test.each(['branch', 'assigned_to', 'agent', 'created_after', 'updated_before'])(
    '%s that does not parse: 400',
    async (name) => {
      for (const path of ['', 'export/', 'stage-counts/']) {
        const { status, body } = await get(`${path}?${name}=x`);
        expect({ status, names: Object.keys(body) }).toEqual({ status: 400, names: [name] });
      }
    },
  );

  test('within one’s scope', async () => {
    expect((await get('?branch=3', 'branch1')).body.count).toBe(0);
    expect((await get('?branch=1', 'branch1')).body.count).toBe(2);
  });
});

const column = async (name: string) =>
  (await sql(`SELECT ${name} AS value FROM immigration_client ORDER BY id`)).map(({ value }) => value);
const archived = () => column('deleted_at IS NOT NULL');

describe('many at once', () => {
  test('assigns a selection, and makes an event and an audit entry of each', async () => {
    const assignee = idOf('consultant3');
    const { status, body } = await bulk('assign', { ids: [1, 2, 3, 3], assigned_to_id: assignee });
    expect({ status, body }).toEqual({ status: 200, body: { matched: 3, changed: 3, dry_run: false } });
    expect((await column('assigned_to_id::int')).slice(0, 4)).toEqual([
      assignee,
      assignee,
      assignee,
      idOf('consultant1'),
    ]);
    expect((await column('updated_by_id::int')).slice(0, 4)).toEqual([
      idOf('admin'),
      idOf('admin'),
      idOf('admin'),
      null,
    ]);
    const events = await sql(
      `SELECT entity_id::int AS id, performed_by_id::int AS by FROM immigration_event
       WHERE event_type = 'Client.assigned_to.UPDATE' ORDER BY 1`,
    );
    expect(events).toEqual([1, 2, 3].map((id) => ({ id, by: idOf('admin') })));
    const entries = await sql(
      `SELECT record_id::int AS id FROM audit_entry
       WHERE entity = 'client' AND operation = 'change' AND user_id = ${idOf('admin')} ORDER BY 1`,
    );
    expect(entries).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
  });

  test('all that match filters; what is so already is left as it is', async () => {
    const filters = { assigned_to: idOf('consultant1'), created_after: '2026-03-05' };
    const body = { filters, assigned_to_id: null };
    expect((await bulk('assign', { ...body, dry_run: true })).body).toEqual({
      matched: 2,
      changed: 2,
      dry_run: true,
    });
    expect((await column('assigned_to_id')).filter(Boolean)).toHaveLength(3);
    expect((await bulk('assign', body)).body).toEqual({ matched: 2, changed: 2, dry_run: false });
    expect((await bulk('assign', body)).body.matched).toBe(0);
    const moved = await bulk('stage', { filters: { stage: ['LEAD', 'CLIENT'] }, stage: 'LEAD' });
    expect(moved.body).toEqual({ matched: 4, changed: 2, dry_run: false });
    expect((await get('stage-counts/')).body).toMatchObject({ LEAD: 4, FOLLOW_UP: 2, TOTAL: 6 });
  });

  test('archives and restores, and the counts and the search follow', async () => {
    expect((await bulk('archive', { filters: { branch: 1 } })).body).toMatchObject({
      matched: 2,
      changed: 2,
    });
    expect(await archived()).toEqual([true, false, false, true, false, false, true]);
    expect((await get('?search=C4')).body.count).toBe(0);
    expect((await get('stage-counts/')).body.TOTAL).toBe(4);
    expect((await bulk('restore', { ids: [1, 7] })).body).toMatchObject({ matched: 2, changed: 2 });
    expect(await archived()).toEqual([false, false, false, true, false, false, false]);
    expect((await bulk('restore', { filters: {} })).body).toMatchObject({ matched: 1, changed: 1 });
  });

  test('all or none: what is not there, or out of reach, stops all', async () => {
    const refused = [
      await bulk('archive', { ids: [1, 7, 99, 1e15] }),
      await bulk('restore', { ids: [7, 1] }),
      await bulk('stage', { ids: [2, 1], stage: 'CLOSE' }, 'branch1'),
      await bulk('assign', { ids: [1], assigned_to_id: idOf('consultant3') }, 'branch1'),
      await bulk('assign', { ids: [1], assigned_to_id: 999 }),
      await bulk('assign', { ids: [1], assigned_to_id: idOf('gone') }),
      await bulk('archive', { ids: [1] }, 'consultant1'),
    ];
    expect(refused.map(({ status, body }) => [status, body])).toEqual([
      [
        400,
        {
          ids: [7, 99, 1e15].map((id) => `Invalid pk "${id}" - object does not exist.`),
        },
      ],
      [400, { ids: ['Invalid pk "1" - object does not exist or is not archived.'] }],
      [403, { detail: 'User branch1 does not have permission to access client 2' }],
      [403, { detail: 'Branch Admin cannot assign clients to users outside their branches' }],
      [400, { detail: 'Assigned user with id=999 does not exist' }],
      [400, { detail: `Assigned user with id=${idOf('gone')} is disabled` }],
      [403, { detail: 'You do not have permission to perform this action.' }],
    ]);
    expect(await archived()).toEqual([false, false, false, false, false, false, true]);
    expect(await column('stage')).not.toContain('CLOSE');
  });

  test('filters reach what is in scope alone', async () => {
    expect((await bulk('stage', { filters: {}, stage: 'CLOSE' }, 'branch1')).body.matched).toBe(2);
    expect(
      (await bulk('stage', { filters: {}, stage: 'CLOSE', dry_run: true }, 'manager1')).body.matched,
    ).toBe(4);
    expect((await column('stage')).map((stage) => stage === 'CLOSE')).toEqual([
      true,
      false,
      false,
      true,
      false,
      false,
      false,
    ]);
  });

  test.each([
    [{}, 'non_field_errors'],
    [{ ids: [1], filters: {} }, 'non_field_errors'],
    [{ ids: [] }, 'ids'],
    [{ ids: ['x'] }, 'ids'],
    [{ ids: Array.from({ length: 10_001 }, (_, index) => index + 1) }, 'ids'],
    [{ filters: { brnch: 1 } }, 'filters'],
    [{ filters: { branch: '' } }, 'filters'],
    [{ filters: { branch: '  ' } }, 'filters'],
    [{ filters: { search: '\t\u00a0\ufeff' } }, 'filters'],
    [{ filters: { stage: [' '] } }, 'filters'],
    [{ filters: { stage: ['LEAD', ''] } }, 'filters'],
    [{ filters: { active: 'y' } }, 'filters'],
    [{ filters: { active: 0 } }, 'filters'],
    [{ filters: { active: [] } }, 'filters'],
    [{ filters: { branch: true } }, 'filters'],
    [{ filters: { branch: null } }, 'filters'],
    [{ filters: { branch: [1, 2] } }, 'filters'],
    [{ filters: { include_deleted: true } }, 'filters'],
    [{ filters: 'branch=1' }, 'filters'],
    [{ filters: { branch: 'x' } }, 'branch'],
    [{ filters: { search: 'x'.repeat(201) } }, 'search'],
    [{ filters: {}, dry_run: 'perhaps' }, 'dry_run'],
    [{ ids: [1], dryRun: true }, 'non_field_errors'],
    [{ filters: {}, branch: 1 }, 'non_field_errors'],
  ])('%j is refused', async (body, field) => {
    const answer = await bulk('archive', body);
    expect([answer.status, Object.keys(answer.body)]).toEqual([400, [field]]);
  });

  test.each([true, 'true'])('filters tell active ones by %j', async (active) => {
    await sql('UPDATE immigration_client SET active = (id = 3)');
    const { body } = await bulk('archive', { filters: { active }, dry_run: true });
    expect(body).toEqual({ matched: 1, changed: 1, dry_run: true });
  });

  test('10,000 are changed at most', async () => {
    await sql(`SET session_replication_role = 'replica';
      INSERT INTO immigration_client (first_name, gender, country) SELECT 'M', 'OTHER', 'NP' FROM generate_series(1, 9996)`);
    const { status, body } = await bulk('stage', { filters: {}, stage: 'CLOSE' });
    expect([status, body]).toEqual([
      400,
      { filters: ['More than 10000 clients match; narrow the filters.'] },
    ]);
    expect((await bulk('stage', { filters: {}, stage: 'CLOSE', dry_run: true })).status).toBe(400);
    expect(await column('stage')).not.toContain('CLOSE');
  });
});
