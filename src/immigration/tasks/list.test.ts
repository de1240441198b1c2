import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { idOf } from '../../../test/helpers/staff.js';
import { type TaskTest, taskTest } from '../../../test/helpers/tasks.js';

let tasks: TaskTest;
/** A client of branch 1. */
let client: number;

beforeAll(async () => {
  tasks = await taskTest();
  client = await tasks.newClient(1);
});
afterAll(() => tasks?.close());
beforeEach(() => tasks.sql('DELETE FROM immigration_task'));

const DAY = 86_400_000;
const at = (days: number) => new Date(Date.now() + days * DAY).toISOString();

describe('lists', () => {
  const titles = async (by: string, query = '') => {
    const { status, body } = await tasks.ask(by, 'GET', query);
    if (status !== 200) return [status, body];
    const shown = (body.results ?? body).map(({ title }: { title: string }) => title);
    if (body.results) expect(body.count).toBe(shown.length);
    return shown.join(' ');
  };

  beforeEach(async () => {
    const me = idOf('consultant1');
    const link = { linked_entity_type: 'client', linked_entity_id: client };
    await tasks.make({ title: 'past', due_date: at(-2), assigned_to: me });
    await tasks.make({ title: 'soon', due_date: at(2), assigned_to: me, priority: 'LOW' });
    await tasks.make({ title: 'later', due_date: at(4), assigned_to: me, priority: 'URGENT' });
    await tasks.make({ title: 'branch', due_date: at(5), branch_id: 1 });
    await tasks.make({ title: 'linked', due_date: at(6), ...link });
    await tasks.make({ title: 'other', due_date: at(7), branch_id: 3 });
    const { id } = await tasks.make({ title: 'done', due_date: at(-3), assigned_to: me });
    await tasks.ask('consultant1', 'POST', `${id}/complete/`);
  });

  test.each([
    ['admin', '', 'other linked branch later soon past done'],
    ['consultant1', '', 'linked branch later soon past done'],
    ['consultant1', '?all_tasks=true', 'linked branch later soon past done'],
    ['homeless', '', ''],
    ['admin', '?status=COMPLETED', 'done'],
    ['admin', '?status[]=COMPLETED&status[]=PENDING&priority=LOW', 'soon'],
    ['consultant1', '?priority=LOW&priority=URGENT', 'later soon'],
    ['admin', '?status=NONE', ''],
    ['admin', '?include_overdue=false', 'other linked branch later soon done'],
    ['consultant1', '?include_overdue=no', 'linked branch later soon done'],
    ['consultant1', '?assigned_to_me=1', 'later soon past done'],
    ['consultant1', '?assigned_to_me=1&all_tasks=1', 'later soon past done'],
    ['branch1', '?assigned_to_me=1', 'branch'],
    ['admin', '?assigned_to_me=true', 'branch'],
    ['admin', '?assigned_to=6&status=PENDING', 'later soon past'],
    ['admin', '?assigned_to=999999999999', ''],
    ['consultant1', 'due_soon/', 'soon'],
    ['consultant1', 'due_soon/?days=4', 'soon later'],
    ['consultant1', 'due_soon/?days=999999999999', 'soon later'],
    ['consultant1', 'due_soon/?days=0', ''],
    ['admin', 'due_soon/', ''],
    ['consultant1', 'overdue/', 'past'],
  ])('%s asks %s: %s', async (by, query, expected) => {
    expect(idOf('consultant1')).toBe(6);
    expect(await titles(by, query)).toBe(expected);
  });

  test('by link', async () => {
    expect(await titles('admin', `?client=${client}`)).toBe('linked');
    expect(await titles('consultant1', `?content_type=10&object_id=${client}`)).toBe('linked');
    expect(await titles('consultant1', '?client=99999999999')).toBe('');
    expect(await titles('admin', `?content_type=10`)).toEqual([
      400,
      { object_id: ['This field is required.'] },
    ]);
    expect(await titles('admin', `?object_id=1`)).toEqual([
      400,
      { content_type: ['This field is required.'] },
    ]);
    expect(await titles('admin', 'due_soon/?days=-1')).toEqual([400, { days: [expect.any(String)] }]);
    expect(await titles('admin', 'due_soon/?days=x')).toEqual([
      400,
      { days: ['A valid integer is required.'] },
    ]);
  });

  test.each(['admin', 'consultant1'])('pages of %s, to the last', async (by) => {
    const page = async (query: string) => (await tasks.ask(by, 'GET', query)).body;
    const { count } = await page('');
    const all = [];
    for (let number = 1; number <= Math.ceil(count / 2); number++) {
      all.push(...(await page(`?page_size=2&page=${number}`)).results);
    }
    expect(all).toEqual((await page('')).results);
    expect((await page('?page_size=2&page=last')).results).toEqual(all.slice(2 * (Math.ceil(count / 2) - 1)));
    expect((await tasks.ask(by, 'GET', '?page=9')).status).toBe(404);
  });
});

test('what the settings say counts where the request says nothing', async () => {
  const settings = { TASKS_INCLUDE_OVERDUE_DEFAULT: 'false', TASKS_DUE_SOON_DEFAULT_DAYS: '10' };
  const other = await taskTest({ environment: settings });
  try {
    for (const days of [-1, 5, 12]) {
      await other.make({ title: String(days), due_date: at(days), assigned_to: idOf('admin') });
    }
    const titles = (list: { title: string }[]) => list.map(({ title }) => title).join(' ');
    const listed = (await other.ask('admin', 'GET', '')).body;
    expect([listed.count, titles(listed.results)]).toEqual([2, '12 5']);
    expect((await other.ask('admin', 'GET', '?include_overdue=true')).body.count).toBe(3);
    expect(titles((await other.ask('admin', 'GET', 'due_soon/')).body)).toBe('5');
  } finally {
    await other.close();
  }
});
