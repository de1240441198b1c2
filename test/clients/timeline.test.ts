import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insertInto } from '../../src/database/writes.js';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { idOf, seedStaff } from '../helpers/staff.js';

let app: TestApp;
const tokens: Record<string, string> = {};
let client: number;
let path: string;

const ENTRIES = [
  ['NOTE_ADDED', 'Note Added', 'admin'],
  ['ASSIGNED', 'Client Assigned', null],
  ['STAGE_CHANGED', 'Stage Changed', 'branch1'],
  ['PROFICIENCY_ADDED', 'Language Proficiency Added', null],
  ['TASK_CREATED', 'Task Created', null],
  ['ASSIGNED', 'Client Assigned', 'admin'],
] as const;

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  for (const name of ['admin', 'consultant1', 'consultant3', 'groupless'])
    tokens[name] = await app.logIn(name);
  const body = { first_name: 'Maya', gender: 'FEMALE', country: 'NP', branch_id: 1 };
  client = (await app.ask('POST', '/api/v1/clients/', { token: tokens.admin, body })).body.id;
  path = `/api/v1/clients/${client}/timeline/`;
  await app.database.tenantTransaction({ schema: 'tenant_main', userId: null }, async (transaction) => {
    for (const [index, [activity_type, , by]] of ENTRIES.entries()) {
      await transaction.query(
        insertInto('immigration_clientactivity', {
          client_id: client,
          activity_type,
          description: `Entry ${index}`,
          metadata: JSON.stringify({ index, nested: { list: [1, 'a', null] } }),
          performed_by_id: by && idOf(by),
          // Two at the same moment: the later number is the newer one.
          created_at: new Date(Date.UTC(2024, 0, 1, 12, 0, Math.floor(index / 2))).toISOString(),
        }),
      );
    }
  });
});
afterAll(() => app?.close());

const read = async (query = '', by = 'admin') => {
  const { status, body } = await app.ask('GET', path + query, { token: tokens[by] });
  return status === 200 ? body : [status, body];
};
const shown = ({ results }: { results: { description: string }[] }) =>
  results.map(({ description }) => Number(description.slice('Entry '.length)));

describe('a client’s timeline', () => {
  test('is newest first', async () => {
    const body = await read();
    expect([body.count, body.next, body.previous]).toEqual([6, null, null]);
    expect(shown(body)).toEqual([5, 4, 3, 2, 1, 0]);
  });

  test('shows each entry with label and name', async () => {
    const { results } = await read();
    expect(results.reverse()).toEqual(
      ENTRIES.map(([activity_type, activity_type_display, by], index) => ({
        id: expect.any(Number),
        client,
        activity_type,
        activity_type_display,
        performed_by: by && idOf(by),
        performed_by_name: by && `First ${by} Last ${by}`,
        description: `Entry ${index}`,
        metadata: { index, nested: { list: [1, 'a', null] } },
        created_at: `2024-01-01T12:00:0${Math.floor(index / 2)}Z`,
      })),
    );
  });

  test('is filtered by type: one, several, none that exist', async () => {
    expect(shown(await read('?activity_type=ASSIGNED'))).toEqual([5, 1]);
    expect(shown(await read('?activity_type=ASSIGNED&activity_type=NOTE_ADDED'))).toEqual([5, 1, 0]);
    expect(shown(await read('?activity_type[]=TASK_CREATED&activity_type[]=STAGE_CHANGED'))).toEqual([4, 2]);
    expect(await read('?activity_type=NONSENSE')).toEqual({
      count: 0,
      next: null,
      previous: null,
      results: [],
    });
    expect(shown(await read('?activity_type='))).toEqual([5, 4, 3, 2, 1, 0]);
  });

  test('comes in pages', async () => {
    const first = await read('?page_size=4');
    expect([first.count, shown(first)]).toEqual([6, [5, 4, 3, 2]]);
    expect(first.next).toBe(`http://main.localhost${path}?page=2&page_size=4`);
    const last = await read('?page_size=4&page=last');
    expect(shown(last)).toEqual([1, 0]);
    expect(last.previous).toBe(`http://main.localhost${path}?page_size=4`);
    expect(await read('?page=3&page_size=4')).toEqual([404, { detail: 'Invalid page.' }]);
  });

  test('is only for who may see the client', async () => {
    expect((await read('', 'consultant1')).count).toBe(6);
    expect(await read('', 'consultant3')).toEqual([
      403,
      { detail: `User consultant3 does not have permission to access client ${client}` },
    ]);
    expect((await read('', 'groupless'))[0]).toBe(403);
    expect((await app.ask('GET', path)).status).toBe(401);
  });

  test('leaves out the metadata of records of a kind that its reader may not view', async () => {
    const entries = [
      ['COLLEGE_APPLICATION_CREATED', { application_id: 1, student_id: 'S1' }],
      ['ASSIGNED', { application_id: 1, notes: 'x' }],
      ['ASSIGNED', { visa_application_id: 1 }],
      ['TASK_CREATED', { task_id: 1 }],
      ['NOTE_ADDED', { content: 'x' }],
      ['STAGE_CHANGED', { stage: 'CLIENT' }],
    ] as const;
    const body = { first_name: 'Mia', gender: 'FEMALE', country: 'NP', branch_id: 1 };
    const { id } = (await app.ask('POST', '/api/v1/clients/', { token: tokens.admin, body })).body;
    await app.database.tenantTransaction({ schema: 'tenant_main', userId: null }, async (transaction) => {
      for (const [activity_type, metadata] of entries)
        await transaction.query(
          insertInto('immigration_clientactivity', {
            client_id: id,
            activity_type,
            description: 'x',
            metadata: JSON.stringify(metadata),
          }),
        );
    });
    const metadata = async (by: string) => {
      const timeline = await app.ask('GET', `/api/v1/clients/${id}/timeline/`, { token: tokens[by] });
      return timeline.body.results.map((entry: { metadata: object }) => entry.metadata).reverse();
    };
    const all = entries.map(([, given]) => given);
    expect(await metadata('admin')).toEqual(all);
    // Consultants may not view college applications.
    expect(await metadata('consultant1')).toEqual([{}, {}, ...all.slice(2)]);
  });

  test('is only read', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      expect((await app.ask(method, path, { token: tokens.admin, body: {} })).status).toBe(405);
    }
  });

  test('of a client who is not there is not found', async () => {
    const answer = await app.ask('GET', '/api/v1/clients/999999/timeline/', { token: tokens.admin });
    expect([answer.status, answer.body]).toEqual([404, { detail: 'Client not found' }]);
  });
});
