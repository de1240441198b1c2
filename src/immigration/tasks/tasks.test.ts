import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { idOf } from '../../../test/helpers/staff.js';
import { DENIED, NEW_TASK, type TaskTest, taskTest } from '../../../test/helpers/tasks.js';

let tasks: TaskTest;
/** A client of branch 1. */
let client: number;
/** A client of branch 3. */
let clientElsewhere: number;

beforeAll(async () => {
  tasks = await taskTest();
  [client, clientElsewhere] = await Promise.all([tasks.newClient(1), tasks.newClient(3)]);
});
afterAll(() => tasks?.close());
beforeEach(() => tasks.sql('DELETE FROM immigration_task'));

describe('creating', () => {
  test('stores what is given, and what is usual for the rest', async () => {
    const task = await tasks.make(
      { tags: ['a', 'b'], assigned_to: idOf('consultant1'), priority: 'HIGH' },
      'branch1',
    );
    expect(task).toMatchObject({
      ...NEW_TASK,
      priority: 'HIGH',
      priority_display: 'High',
      status: 'PENDING',
      tags: ['a', 'b'],
      comments: [],
      assigned_to_name: 'consultant1',
      assigned_to_full_name: 'First consultant1 Last consultant1',
      assigned_by_name: 'branch1',
      created_by_name: 'branch1',
      updated_by: null,
      branch_id: null,
      assigned_to_branch: false,
    });
    expect((await tasks.ask('branch1', 'GET', `${task.id}/`)).body).toEqual(task);
    const ofBranch = await tasks.make({ branch_id: 2, assigned_by: idOf('manager1') });
    expect(ofBranch).toMatchObject({
      assigned_to: null,
      branch_id: 2,
      branch_name: 'Two',
      assigned_to_branch: true,
      assigned_by_name: 'manager1',
      created_by_name: 'admin',
    });
  });

  test('notifies the assignee, once', async () => {
    const task = await tasks.make({ assigned_to: idOf('consultant1'), priority: 'URGENT' });
    expect(await tasks.notifications(task.id)).toEqual([
      {
        notification_type: 'TASK_ASSIGNED',
        assigned_to_id: idOf('consultant1'),
        meta_info: { task_id: task.id, priority: 'URGENT' },
        due_date: NEW_TASK.due_date,
      },
    ]);
    expect(await tasks.notifications((await tasks.make({ branch_id: 1 })).id)).toEqual([]);
  });

  test.each([
    [{ assigned_to: 999 }, { detail: 'Assigned user with id=999 does not exist' }],
    [{ assigned_to: idOf('gone') }, { detail: `Assigned user with id=${idOf('gone')} is disabled` }],
    [{ assigned_to: 2 ** 60 }, { detail: `Assigned user with id=${2 ** 60} does not exist` }],
    [{ assigned_by: 0 }, { assigned_by: ['Invalid pk "0" - object does not exist.'] }],
    [{ branch_id: -1 }, { branch_id: ['Invalid pk "-1" - object does not exist.'] }],
    [
      { assigned_to: 1, branch_id: 1 },
      { non_field_errors: ['Task cannot be assigned to both a user and a branch.'] },
    ],
    [{ linked_entity_type: 'moon', linked_entity_id: 1 }, { error: 'Unknown entity type "moon"' }],
    [{ linked_entity_type: 'client' }, { linked_entity_id: ['This field is required.'] }],
    [{ linked_entity_id: 1 }, { linked_entity_type: ['This field is required.'] }],
    [
      { linked_entity_type: 'client', linked_entity_id: 2 ** 31 },
      { linked_entity_id: [`Invalid pk "${2 ** 31}" - object does not exist.`] },
    ],
    [{ tags: ['a', ' '] }, { tags: { 1: ['This field may not be blank.'] } }],
    [{ priority: 'NONE' }, { priority: ['"NONE" is not a valid choice.'] }],
  ])('refuses %j', async (given, expected) => {
    const { status, body } = await tasks.ask('admin', 'POST', '', { ...NEW_TASK, ...given });
    expect([status, body]).toEqual([400, expected]);
    expect(await tasks.sql('SELECT FROM immigration_task')).toEqual([]);
  });
});

describe('links', () => {
  test('lead to a client, whatever the case of the type', async () => {
    const task = await tasks.make({ linked_entity_type: 'Client', linked_entity_id: client }, 'consultant1');
    expect(task).toMatchObject({
      content_type: 10,
      object_id: client,
      linked_entity_type: 'client',
      linked_entity_id: client,
      linked_entity_name: 'Maya Rai',
    });
    const { body } = await tasks.ask('consultant1', 'PATCH', `${task.id}/`, { linked_entity_type: null });
    expect(body).toMatchObject({ content_type: null, object_id: null, linked_entity_name: null });
  });

  test('lead to records of other kinds', async () => {
    expect(await tasks.make({ linked_entity_type: 'USER', linked_entity_id: 1 })).toMatchObject({
      content_type: 1,
      linked_entity_type: 'user',
      linked_entity_name: null,
    });
  });

  test('do not lead out of scope, nor to what is not there', async () => {
    const given = (linked_entity_type: string, linked_entity_id: number) => ({
      ...NEW_TASK,
      linked_entity_type,
      linked_entity_id,
    });
    const elsewhere = await tasks.ask('consultant1', 'POST', '', given('client', clientElsewhere));
    expect([elsewhere.status, elsewhere.body]).toEqual([
      403,
      { detail: `User consultant1 does not have permission to access client ${clientElsewhere}` },
    ]);
    for (const asked of [given('branch', 3), given('client', 9_999), given('institute', 1)]) {
      const { status, body } = await tasks.ask('consultant1', 'POST', '', asked);
      const message = `Invalid pk "${asked.linked_entity_id}" - object does not exist.`;
      expect([status, body]).toEqual([400, { linked_entity_id: [message] }]);
    }
    const archived = await tasks.newClient(1);
    await tasks.archiveClient(archived);
    expect((await tasks.ask('admin', 'POST', '', given('client', archived))).status).toBe(400);
  });
});

describe('changing', () => {
  test('an assignee takes the task from its branch, and the other way round', async () => {
    const { id } = await tasks.make({ branch_id: 1 });
    const change = async (body: object) => (await tasks.ask('admin', 'PATCH', `${id}/`, body)).body;
    const me = idOf('consultant1');
    expect(await change({ assigned_to: me })).toMatchObject({ assigned_to: me, branch_id: null });
    expect(await change({ branch_id: 2 })).toMatchObject({ assigned_to: null, branch_id: 2 });
    expect(await change({ assigned_to: me, branch_id: null })).toMatchObject({
      assigned_to: me,
      branch_id: null,
    });
    expect(await change({ assigned_to: null })).toMatchObject({ assigned_to: null, branch_id: null });
    expect(await change({ assigned_to: me, branch_id: 1 })).toHaveProperty('non_field_errors');
  });

  test('tells who and when, and changes only what is given', async () => {
    const task = await tasks.make({ assigned_to: idOf('consultant1') });
    const { body } = await tasks.ask('consultant1', 'PUT', `${task.id}/`, { title: ' New ' });
    expect(body).toEqual({
      ...task,
      title: 'New',
      updated_by: idOf('consultant1'),
      updated_by_name: 'consultant1',
      updated_by_full_name: 'First consultant1 Last consultant1',
      updated_at: body.updated_at,
    });
    expect(body.updated_at > task.updated_at).toBe(true);
  });

  test('by the status, a task is completed and taken up again', async () => {
    const { id } = await tasks.make();
    const change = async (status: string) => (await tasks.ask('admin', 'PATCH', `${id}/`, { status })).body;
    const { completed_at: completed } = await change('COMPLETED');
    expect(completed).not.toBeNull();
    expect(await change('CANCELLED')).toMatchObject({ completed_at: completed });
    await change('COMPLETED');
    expect(await change('IN_PROGRESS')).toMatchObject({ completed_at: null });
  });

  test('a new assignee is left to the event, but who takes a branch’s task is notified here', async () => {
    const { id } = await tasks.make();
    await tasks.ask('admin', 'PATCH', `${id}/`, { assigned_to: idOf('consultant1') });
    expect(await tasks.notifications(id)).toEqual([]);
    await tasks.ask('admin', 'PATCH', `${id}/`, { branch_id: 1 });
    await tasks.ask('admin', 'PATCH', `${id}/`, { assigned_to: idOf('admin') });
    expect((await tasks.notifications(id)).map(({ assigned_to_id }) => assigned_to_id)).toEqual([
      idOf('admin'),
    ]);
  });

  test('what one does not see is not there', async () => {
    const { id } = await tasks.make({ branch_id: 3 });
    const read = await tasks.ask('consultant1', 'GET', `${id}/`);
    expect([read.status, read.body]).toEqual([404, { error: 'Task not found' }]);
    for (const [method, path] of [
      ['PUT', ''],
      ['PATCH', ''],
      ['DELETE', ''],
      ['POST', 'complete/'],
      ['POST', 'cancel/'],
      ['POST', 'claim/'],
      ['POST', 'add_comment/'],
    ] as const) {
      for (const task of [id, 999_999, 'x']) {
        const { status, body } = await tasks.ask('consultant1', method, `${task}/${path}`, { title: '' });
        expect([method, path, status, body]).toEqual([method, path, 404, DENIED]);
      }
    }
  });
});

describe('deleting', () => {
  test.each([
    ['consultant1', { branch_id: 1 }, 403],
    ['branch1', { branch_id: 1 }, 204],
    ['manager1', { branch_id: 2 }, 204],
    ['admin', { branch_id: 3 }, 204],
    ['branch1', { branch_id: 3 }, 404],
  ])('by %s of a task of another’s making, %j: %d', async (by, given, status) => {
    const { id } = await tasks.make(given, 'homeless');
    expect((await tasks.ask(by, 'DELETE', `${id}/`)).status).toBe(status);
    expect(await tasks.sql('SELECT FROM immigration_task')).toHaveLength(status === 204 ? 0 : 1);
  });

  test('by its creator', async () => {
    const { id } = await tasks.make({}, 'consultant1');
    expect((await tasks.ask('consultant1', 'DELETE', `${id}/`)).status).toBe(204);
    expect((await tasks.ask('consultant1', 'GET', `${id}/`)).status).toBe(404);
  });
});
