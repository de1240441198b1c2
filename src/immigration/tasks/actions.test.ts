import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { idOf } from '../../../test/helpers/staff.js';
import { DENIED, NEW_TASK, type TaskTest, taskTest } from '../../../test/helpers/tasks.js';

let tasks: TaskTest;

beforeAll(async () => {
  tasks = await taskTest();
});
afterAll(() => tasks?.close());
beforeEach(() => tasks.sql('DELETE FROM immigration_task'));

describe('completing and cancelling', () => {
  test('are for assignee and assigner', async () => {
    const { id } = await tasks.make({ assigned_to: idOf('consultant1'), assigned_by: idOf('consultant3') });
    for (const by of ['admin', 'branch1']) {
      const { status, body } = await tasks.ask(by, 'POST', `${id}/complete/`);
      expect([by, status, body]).toEqual([by, 404, DENIED]);
    }
    const completed = await tasks.ask('consultant1', 'POST', `${id}/complete/`);
    expect(completed.body).toMatchObject({ status: 'COMPLETED', updated_by_name: 'consultant1' });
    const cancelled = await tasks.ask('consultant3', 'POST', `${id}/cancel/`);
    expect(cancelled.body).toMatchObject({
      status: 'CANCELLED',
      completed_at: completed.body.completed_at,
    });
    expect((await tasks.ask('consultant1', 'POST', `${id}/complete/`)).body.completed_at).not.toBe(
      completed.body.completed_at,
    );
  });

  test('at the same moment leave the task in one of the two states', async () => {
    const { id } = await tasks.make({ assigned_to: idOf('consultant1') });
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, i) =>
        tasks.ask(i % 2 ? 'admin' : 'consultant1', 'POST', `${id}/${i % 3 ? 'complete' : 'cancel'}/`),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200));
    // As one of them left it, and returned it.
    const { body: left } = await tasks.ask('admin', 'GET', `${id}/`);
    expect(answers.map(({ body }) => body)).toContainEqual(left);
  });
});

describe('claiming', () => {
  test('takes a task of the own branch over, and notifies', async () => {
    const { id } = await tasks.make({ branch_id: 1 });
    const { status, body } = await tasks.ask('consultant1', 'POST', `${id}/claim/`);
    expect([status, body]).toMatchObject([200, { assigned_to_name: 'consultant1', branch_id: null }]);
    expect(await tasks.notifications(id)).toMatchObject([
      { notification_type: 'TASK_ASSIGNED', assigned_to_id: idOf('consultant1') },
    ]);
  });

  test('is refused where there is no branch, or one is no member of it', async () => {
    const { id: nobodys } = await tasks.make();
    const none = await tasks.ask('admin', 'POST', `${nobodys}/claim/`);
    expect([none.status, none.body]).toEqual([400, { error: 'Task is not assigned to a branch' }]);
    const { id: others } = await tasks.make({ branch_id: 3 });
    const foreign = await tasks.ask('admin', 'POST', `${others}/claim/`);
    expect([foreign.status, Object.keys(foreign.body)]).toEqual([400, ['error']]);
  });

  test('at the same moment is won by one, and refused to the rest, whenever they come', async () => {
    const { id } = await tasks.make({ branch_id: 1 });
    const claimers = ['consultant1', 'consultant12', 'branch1', 'admin'];
    const answers = await Promise.all(claimers.map((by) => tasks.ask(by, 'POST', `${id}/claim/`)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400]);
    const winner = claimers[answers.findIndex(({ status }) => status === 200)] as string;
    const task = (await tasks.ask('admin', 'GET', `${id}/`)).body;
    expect([task.assigned_to_name, task.branch_id]).toEqual([winner, null]);
    expect(await tasks.notifications(id)).toHaveLength(1);
    for (const late of claimers) expect((await tasks.ask(late, 'POST', `${id}/claim/`)).status).toBe(400);
  });
});

describe('comments', () => {
  const comment = (by: string, id: number, text: unknown) =>
    tasks.ask(by, 'POST', `${id}/add_comment/`, { comment: text });

  test('come from assignee, assigner and the branch', async () => {
    const { id } = await tasks.make({ branch_id: 1 });
    expect((await comment('consultant1', id, ' Hello ')).body.comments).toEqual([
      {
        user_id: idOf('consultant1'),
        username: 'consultant1',
        full_name: 'First consultant1 Last consultant1',
        text: 'Hello',
        mentions: [],
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z$/),
      },
    ]);
    const { status, body } = await comment('manager1', id, 'I only see it');
    expect([status, body]).toEqual([404, DENIED]);
    expect((await comment('admin', id, 'Second')).body.comments).toHaveLength(2);
    for (const nothing of [undefined, null, '']) {
      const answer = await comment('admin', id, nothing);
      expect([answer.status, answer.body]).toEqual([400, { error: 'Comment text is required' }]);
    }
  });

  test('all stay, however many come at once', async () => {
    const { id } = await tasks.make({ branch_id: 1 });
    await Promise.all(Array.from({ length: 8 }, (_, i) => comment('consultant1', id, `No ${i}`)));
    const { comments } = (await tasks.ask('admin', 'GET', `${id}/`)).body;
    expect(new Set(comments.map(({ text }: { text: string }) => text)).size).toBe(8);
  });

  test('mention people, who are notified once each', async () => {
    const { id } = await tasks.make();
    const text = '👋 @consultant1, ask @consultant12 or @consultant1. Not @gone, not @consultant.';
    const { body } = await comment('admin', id, text);
    const { mentions } = body.comments[0];
    expect(mentions.map(({ username }: { username: string }) => username)).toEqual([
      'consultant1',
      'consultant12',
      'consultant1',
    ]);
    const characters = [...text];
    for (const { start_pos, end_pos, username } of mentions) {
      expect(characters.slice(start_pos, end_pos).join('')).toBe(`@${username}`);
    }
    expect(await tasks.notifications(id)).toEqual(
      ['consultant1', 'consultant12'].map((name) => ({
        notification_type: 'TASK_MENTIONED',
        assigned_to_id: idOf(name),
        meta_info: { task_id: id, comment_text: text, mentioned_by: idOf('admin') },
        due_date: NEW_TASK.due_date,
      })),
    );
  });

  test('that mention 200 people notify all of them; with too many names they are refused', async () => {
    await tasks.sql(
      `INSERT INTO immigration_user (username, password, first_name, last_name, email)
       SELECT 'crowd' || n, '', '', '', 'crowd' || n || '@example.com' FROM generate_series(1, 200) n`,
    );
    const { id } = await tasks.make();
    const crowd = Array.from({ length: 200 }, (_, n) => `crowd${n + 1}`);
    const { body } = await comment('admin', id, crowd.map((name) => `@${name}`).join(' '));
    const { mentions } = body.comments[0];
    expect(mentions.map(({ username }: { username: string }) => username)).toEqual(crowd);
    expect(await tasks.notifications(id)).toHaveLength(200);
    const refused = await comment('admin', id, `@${'.'.repeat(20)} `.repeat(400));
    expect([refused.status, refused.body]).toEqual([
      400,
      { error: 'A comment may mention at most 5000 names' },
    ]);
    expect((await tasks.ask('admin', 'GET', `${id}/`)).body.comments).toHaveLength(1);
  });
});
