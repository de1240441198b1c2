import { Type } from '@sinclair/typebox';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { body } from '../../src/http/fields/body.js';
import { field } from '../../src/http/fields/field.js';
import { cpuOf, leastOf } from '../helpers/processor-time.js';
import { idOf } from '../helpers/staff.js';
import { NEW_TASK, type TaskTest, taskTest } from '../helpers/tasks.js';

let tasks: TaskTest;
let token: string;
beforeAll(async () => {
  tasks = await taskTest();
  token = await tasks.app.logIn('admin');
});
afterAll(() => tasks?.close());

const ask = (method: string, path: string, given: object) =>
  tasks.app.ask(method, `/api/v1/${path}`, { token, body: given });

/** Returns the processor time of this process, which runs the server, in milliseconds. */
describe('lists', () => {
  test('100,000 empty ids are refused by their number, in milliseconds', async () => {
    const given = { notification_ids: Array(100_000).fill('') };
    await ask('POST', 'notifications/bulk_mark_read/', given);
    const refused = async () => {
      const { status, body } = await ask('POST', 'notifications/bulk_mark_read/', given);
      expect([status, body]).toEqual([
        400,
        { notification_ids: ['Ensure this field has no more than 10000 elements.'] },
      ]);
    };
    expect(await leastOf(() => cpuOf(refused), 150)).toBeLessThan(150); // sending and parsing 0.3 MB included; each id once had an error of its own
  });

  test('10,000 ids are taken', async () => {
    const ids = Array.from({ length: 10_000 }, (_, index) => 1_000_000 + index);
    const answer = await ask('POST', 'notifications/bulk_mark_read/', { notification_ids: ids });
    expect([answer.status, answer.body]).toEqual([200, { marked_read_count: 0 }]);
  });

  test('of many wrong items the first twenty are told', async () => {
    const given = { notification_ids: Array(5_000).fill('x') };
    const { body: told } = await ask('POST', 'notifications/bulk_mark_read/', given);
    const { non_field_errors: more, ...items } = told.notification_ids;
    expect(Object.keys(items)).toEqual(Array.from({ length: 20 }, (_, index) => String(index)));
    expect(items[0]).toEqual(['A valid integer is required.']);
    expect(more).toEqual(['Only the first 20 wrong items are listed.']);
    const few = await ask('POST', 'notifications/bulk_mark_read/', { notification_ids: [1, 'x', null] });
    expect(few.body.notification_ids).toEqual({
      1: ['A valid integer is required.'],
      2: ['This field may not be null.'],
    });
  });

  test('600,000 tags are refused; 100 of 100 characters are kept', async () => {
    const many = await ask('POST', 'tasks/', { ...NEW_TASK, tags: Array(600_000).fill('a') });
    expect([many.status, many.body]).toEqual([
      400,
      { tags: ['Ensure this field has no more than 100 elements.'] },
    ]);
    const long = await ask('POST', 'tasks/', { ...NEW_TASK, tags: ['ok', 'ä'.repeat(101)] });
    expect(long.body).toEqual({ tags: { 1: ['Ensure this field has no more than 100 characters.'] } });
    const tags = Array(100).fill('😀'.repeat(100));
    const { id } = await tasks.make({ tags });
    expect((await ask('PATCH', `tasks/${id}/`, { tags: [...tags, 'one more'] })).status).toBe(400);
    expect((await tasks.ask('admin', 'GET', `${id}/`)).body.tags).toEqual(tags);
  });

  test('a form has the same bounds', async () => {
    const form = new URLSearchParams(NEW_TASK);
    for (let index = 0; index <= 100; index++) form.append('tags', 'a');
    const answer = await tasks.app.ask('POST', '/api/v1/tasks/', {
      token,
      body: form.toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect([answer.status, answer.body]).toEqual([
      400,
      { tags: ['Ensure this field has no more than 100 elements.'] },
    ]);
  });

  test('filters of a bulk action take 100 values of 200 characters', async () => {
    for (const stage of [Array(101).fill('LEAD'), ['x'.repeat(201)]]) {
      const answer = await ask('POST', 'clients/bulk/archive/', { filters: { stage }, dry_run: true });
      expect([answer.status, answer.body]).toEqual([
        400,
        { filters: ['The value of "stage" is not valid.'] },
      ]);
    }
  });
});

describe('texts', () => {
  test('100,000 characters are kept, one more is refused', async () => {
    const { id } = await tasks.make({ detail: 'ä'.repeat(100_000) });
    const answer = await ask('PATCH', `tasks/${id}/`, { detail: 'ä'.repeat(100_001) });
    expect([answer.status, answer.body]).toEqual([
      400,
      { detail: ['Ensure this field has no more than 100000 characters.'] },
    ]);
  });

  test('a comment has 10,000 characters, and mentions people 500 times', async () => {
    const { id } = await tasks.make({ assigned_to: idOf('admin') });
    const comment = (text: string) => tasks.ask('admin', 'POST', `${id}/add_comment/`, { comment: text });
    expect((await comment('a'.repeat(10_001))).body).toEqual({
      comment: ['Ensure this field has no more than 10000 characters.'],
    });
    expect((await comment('a'.repeat(10_000))).status).toBe(200);
    expect((await comment('@branch1 '.repeat(500))).status).toBe(200);
    expect((await comment('@branch1 '.repeat(501))).body).toEqual({
      error: 'A comment may mention people at most 500 times',
    });
  });

  test('a notification quotes the beginning of a comment', async () => {
    const { id } = await tasks.make({ assigned_to: idOf('admin') });
    await tasks.ask('admin', 'POST', `${id}/add_comment/`, { comment: `@branch1 ${'ä'.repeat(9_000)}` });
    const told = await tasks.notifications(id);
    const mention = told.find(({ notification_type: type }) => type === 'TASK_MENTIONED');
    expect(mention?.meta_info.comment_text).toBe(`@branch1 ${'ä'.repeat(490)}…`);
  });

  test('a task has 500 comments, however many people write at once', async () => {
    const { id } = await tasks.make({ assigned_to: idOf('admin') });
    const written = {
      user_id: 1,
      username: 'x',
      full_name: 'x',
      mentions: [],
      created_at: '2026-01-01T00:00:00Z',
    };
    await tasks.sql('UPDATE immigration_task SET comments = $2::jsonb WHERE id = $1', [
      id,
      JSON.stringify(Array(498).fill({ ...written, text: 'x' })),
    ]);
    const answers = await Promise.all(
      Array.from({ length: 6 }, () =>
        tasks.ask('admin', 'POST', `${id}/add_comment/`, { comment: 'one more' }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 400, 400, 400, 400]);
    expect(answers.find(({ status }) => status === 400)?.body).toEqual({
      error: 'A task has at most 500 comments; go on in a new task.',
    });
    expect((await tasks.ask('admin', 'GET', `${id}/`)).body.comments).toHaveLength(500);
  });
});

describe('objects of any content', () => {
  const reminder = (meta_info: object) =>
    ask('POST', 'reminders/', { title: 'Call', content_type: 10, object_id: 1, meta_info });
  const ofKeys = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 1]));

  test.each([
    ['keys', ofKeys(1_001), 'Ensure this value has no more than 1000 keys and items in total.'],
    [
      'inner items',
      { a: { b: Array(1_000).fill(1) } },
      'Ensure this value has no more than 1000 keys and items in total.',
    ],
    [
      'characters',
      { a: 'x'.repeat(60_000), b: 'x'.repeat(60_000) },
      'Ensure this value has no more than 100000 characters in total.',
    ],
  ])('too many %s are refused', async (_what, given, message) => {
    const answer = await reminder(given);
    expect([answer.status, answer.body]).toEqual([400, { meta_info: [message] }]);
  });
});

describe('a body', () => {
  test.each([
    ['a text', Type.String(), 'B.a has no maxLength: whatever is sent needs a bound'],
    ['a list', Type.Array(Type.Integer()), 'B.a has no maxItems: whatever is sent needs a bound'],
    [
      'the texts of a list',
      Type.Array(Type.String(), { maxItems: 1 }),
      'B.a[] has no maxLength: whatever is sent needs a bound',
    ],
    [
      'an inner text',
      Type.Object({ b: Type.String() }),
      'B.a.b has no maxLength: whatever is sent needs a bound',
    ],
    [
      'an object of any keys',
      Type.Object({}, { additionalProperties: true }),
      'B.a has no maxProperties: whatever is sent needs a bound',
    ],
    [
      'a loose pattern',
      Type.String({ pattern: '^a+$' }),
      'B.a has no maxLength: whatever is sent needs a bound',
    ],
  ])('is not declared where %s has no bound', (_what, schema, message) => {
    expect(() => body('B', { a: field(schema, (value) => value) })).toThrow(message);
  });
});
