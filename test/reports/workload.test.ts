import { afterAll, beforeAll, expect, test } from 'vitest';
import { statement } from '../../src/database/statement.js';
import { collegeChoice, visaType } from '../helpers/samples/applications.js';
import { insert } from '../helpers/samples/insert.js';
import { idOf, STAFF } from '../helpers/staff.js';
import { pick, pickOrNull } from '../visibility/agency.js';
import {
  type Asked,
  type Client,
  counts,
  DAY,
  dealClients,
  isIn,
  localDate,
  questions,
  type Setting,
  someMoment,
  startSetting,
  VIEWS,
  type View,
} from './setting.js';

// Compares the report on workload with a slow and obvious count of the same random records.

const PEOPLE = ['consultant1', 'consultant12', 'consultant3', 'branch3', 'manager1'].map(idOf);
const BRANCHES = new Map([
  [1, 'One'],
  [2, 'Two'],
  [3, 'Three'],
]);

interface Piece {
  readonly client: Client;
  readonly assignee: number | null;
  readonly created: number;
  readonly isOpen: boolean;
}
interface Task {
  readonly assignee: number | null;
  readonly ofBranch: number | null;
  readonly about: Client | null;
  readonly due: number;
  readonly created: number;
  readonly isOpen: boolean;
}

let setting: Setting;
let clients: readonly (Client & { stage: string })[];
let visas: readonly Piece[];
let colleges: readonly Piece[];
let tasks: readonly Task[];

beforeAll(async () => {
  setting = await startSetting();
  clients = await dealClients(setting, 150, () => ({ stage: pick(['LEAD', 'CLIENT', 'CLOSE']) }));
  const pieces = () =>
    Array.from({ length: 200 }, () => ({
      client: pick(clients),
      assignee: pickOrNull(PEOPLE),
      created: someMoment(),
      isOpen: Math.random() < 0.6,
    }));
  [visas, colleges] = [pieces(), pieces()];
  const { type, choice, last } = await setting.app.database.tenantTransaction(
    { schema: 'tenant_main', userId: null },
    async (transaction) => {
      const made = await collegeChoice(transaction);
      const { application_type_id } = made;
      const end = { stage_name: 'Last', position: 2, application_type_id };
      const last = await insert(transaction, 'immigration_stage', end);
      await transaction.query(statement('DELETE FROM immigration_client WHERE id = $1', [made.client_id]));
      return { type: await visaType(transaction), choice: made, last };
    },
  );
  const columns = `(e -> 'client' ->> 'id')::bigint, (e ->> 'assignee')::bigint,
    to_timestamp((e ->> 'created')::float8 / 1000)`;
  const visaIds = await setting.sql(
    `INSERT INTO immigration_visaapplication (client_id, assigned_to_id, created_at, visa_type_id, status)
     SELECT ${columns}, $2, e ->> 'status' FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS d (e, n)
     ORDER BY n RETURNING id`,
    [
      JSON.stringify(
        visas.map((visa) => ({
          ...visa,
          status: pick(
            visa.isOpen ? ['TO_BE_APPLIED', 'VISA_APPLIED'] : ['GRANTED', 'REJECTED', 'WITHDRAWN'],
          ),
        })),
      ),
      type,
    ],
  );
  await setting.sql(
    `INSERT INTO immigration_collegeapplication
       (client_id, assigned_to_id, created_at, stage_id, application_type_id, institute_id, course_id, start_date_id, location_id)
     SELECT ${columns}, CASE WHEN (e ->> 'isOpen')::boolean THEN $2::bigint ELSE $3::bigint END, $4, $5, $6, $7, $8
     FROM jsonb_array_elements($1::jsonb) e`,
    [
      JSON.stringify(colleges),
      choice.stage_id,
      last,
      choice.application_type_id,
      choice.institute_id,
      choice.course_id,
      choice.start_date_id,
      choice.location_id,
    ],
  );
  const dealt = Array.from({ length: 300 }, () => {
    const assignee = pickOrNull(PEOPLE);
    const visa = Math.floor(Math.random() * visas.length);
    const link = pick([
      { about: null, type: null, id: null },
      { about: pick(clients), type: 'client', id: null },
      { about: visas[visa]?.client as Client, type: 'visaapplication', id: Number(visaIds[visa]?.id) },
    ]);
    return {
      assignee,
      ofBranch: assignee === null ? pick([1, 2, 3]) : null,
      about: link.about,
      type: link.type,
      object: link.id ?? link.about?.id ?? null,
      due: Date.now() + (Math.random() - 0.5) * 20 * DAY,
      created: someMoment(),
      isOpen: Math.random() < 0.7,
    };
  });
  tasks = dealt;
  await setting.sql(
    `INSERT INTO immigration_task (title, assigned_to_id, branch_id, content_type_id, object_id, due_date, created_at, status)
     SELECT 'x', (e ->> 'assignee')::bigint, (e ->> 'ofBranch')::bigint,
            (SELECT id FROM django_content_type WHERE model = e ->> 'type'), (e ->> 'object')::integer,
            to_timestamp((e ->> 'due')::float8 / 1000), to_timestamp((e ->> 'created')::float8 / 1000),
            CASE WHEN (e ->> 'isOpen')::boolean THEN 'PENDING' ELSE 'COMPLETED' END
     FROM jsonb_array_elements($1::jsonb) e`,
    [JSON.stringify(dealt)],
  );
});
afterAll(() => setting?.app.close());

type Figure = 'clients' | 'visa_applications' | 'college_applications' | 'tasks' | 'overdue_tasks';
type Place = { branch: number | null; assignee: number | null };

/** Returns what counts for the view, with branch and assignee; null when it is invisible. */
function pieces(view: View, asked: Asked, seenTasks: ReadonlySet<Task>): Record<Figure, Place[] | null> {
  const { own } = view;
  // The client's assignee does not matter here: tasks assigned to a consultant count.
  const inReach = (client: Client) => counts({ name: view.name, branches: view.branches }, asked, client);
  const mine = (assignee: number | null) => own === undefined || assignee === own;
  const of = (some: readonly Piece[]) =>
    some
      .filter(
        ({ client, assignee, created, isOpen }) =>
          isOpen && inReach(client) && mine(assignee) && isIn(asked, localDate(created)),
      )
      .map(({ client, assignee }) => ({ branch: client.branch, assignee }));
  const placed = (task: Task): Place => ({
    branch: task.ofBranch ?? task.about?.branch ?? null,
    assignee: task.assignee,
  });
  const open = tasks.filter(
    (task) =>
      task.isOpen &&
      seenTasks.has(task) &&
      mine(task.assignee) &&
      isIn(asked, localDate(task.created)) &&
      (asked.branch === undefined || placed(task).branch === asked.branch),
  );
  const seesColleges = ['admin', 'branch3'].includes(view.name);
  return {
    clients: of(
      clients.map((client) => ({
        client,
        assignee: client.assignee,
        created: client.created,
        isOpen: client.stage !== 'CLOSE',
      })),
    ),
    visa_applications: of(visas),
    college_applications: seesColleges ? of(colleges) : null,
    tasks: open.map(placed),
    overdue_tasks: open.filter(({ due }) => due < Date.now()).map(placed),
  };
}

/** Returns which tasks a user sees, according to their list. */
async function visibleTasks(view: View): Promise<ReadonlySet<Task>> {
  const token = await setting.app.logIn(view.name);
  const ids = new Set<number>();
  for (let page = 1; ; page++) {
    const path = `/api/v1/tasks/?include_overdue=true&page_size=100&page=${page}`;
    const { body } = await setting.app.ask('GET', path, { token });
    for (const { id } of body.results) ids.add(id);
    if (body.next === null) break;
  }
  return new Set(tasks.filter((_, index) => ids.has(index + 1)));
}

const nameOf = (id: number | null) => {
  const username = id === null ? null : STAFF[id - 1]?.username;
  return username ? `First ${username} Last ${username}` : null;
};

test('what is open, by branch and assignee', async () => {
  for (const view of VIEWS) {
    const seenTasks = await visibleTasks(view);
    for (const asked of questions()) {
      const figures = Object.entries(pieces(view, asked, seenTasks));
      const places = new Map<string, Place>();
      for (const place of figures.flatMap(([, list]) => list ?? [])) {
        places.set(`${place.branch} ${place.assignee}`, place);
      }
      const rows = [...places.values()].map(({ branch, assignee }) => ({
        branch,
        branch_name: BRANCHES.get(branch as number) ?? null,
        assigned_to: assignee,
        assigned_to_name: nameOf(assignee),
        ...Object.fromEntries(
          figures.map(([name, list]) => [
            name,
            list?.filter((one) => one.branch === branch && one.assignee === assignee).length ?? null,
          ]),
        ),
      }));
      const { status, body } = await setting.ask('workload', view.name, asked);
      expect(status).toBe(200);
      const key = (row: { branch: unknown; assigned_to: unknown }) => `${row.branch} ${row.assigned_to}`;
      const order = (list: typeof rows) => list.toSorted((a, b) => key(a).localeCompare(key(b)));
      expect(order(body.rows)).toEqual(order(rows));
      const names = body.rows.map((row: { branch_name: string | null }) => row.branch_name);
      expect(names.filter((name: unknown, index: number) => name !== names[index - 1])).toEqual(
        ['One', 'Three', 'Two', null].filter((name) => names.includes(name)),
      );
      expect(body.totals).toEqual(
        Object.fromEntries(figures.map(([name, list]) => [name, list?.length ?? null])),
      );
    }
  }
});
