import { statement } from '../../src/database/statement.js';
import { type Answer, startTestApp, type TestApp, type TestAppOptions } from './app.js';
import { seedStaff } from './staff.js';

const PATH = '/api/v1/tasks/';
const PEOPLE = ['admin', 'manager1', 'branch1', 'consultant1', 'consultant12', 'consultant3', 'homeless'];

/** The default of a new task. */
export const NEW_TASK = { title: 'Call', detail: 'Ask for papers', due_date: '2027-01-01T00:00:00Z' };
/** The 404 of changing an invisible task, or of an action reserved for others. */
export const DENIED = { error: 'Task not found or access denied' };

interface TaskNotification {
  readonly notification_type: string;
  readonly assigned_to_id: number;
  readonly meta_info: Record<string, unknown>;
  readonly due_date: string;
}

/** STAFF at work on the tasks of tenant_main. */
export interface TaskTest {
  readonly app: TestApp;
  /** Sends a request. @param path after `/api/v1/tasks/` */
  ask(by: string, method: string, path: string, body?: object): Promise<Answer>;
  /** Creates a task. */
  // biome-ignore lint/suspicious/noExplicitAny: as the API gives it
  make(given?: object, by?: string): Promise<any>;
  newClient(branch: number): Promise<number>;
  archiveClient(id: number): Promise<void>;
  sql<Row>(text: string, values?: unknown[]): Promise<Row[]>;
  /** Returns the notifications of a task, in order. */
  notifications(task: number): Promise<TaskNotification[]>;
  close(): Promise<void>;
}

export async function taskTest(options: TestAppOptions = {}): Promise<TaskTest> {
  const app = await startTestApp(options);
  await seedStaff(app);
  const tokens: Record<string, string> = {};
  for (const name of PEOPLE) tokens[name] = await app.logIn(name);
  const ask: TaskTest['ask'] = (by, method, path, body) =>
    app.ask(method, PATH + path, { token: tokens[by], body });
  const sql = async <Row>(text: string, values: unknown[] = []): Promise<Row[]> =>
    await app.database.tenantQuery({ schema: 'tenant_main', userId: null }, statement<Row>(text, values));
  return {
    app,
    ask,
    sql,
    async make(given = {}, by = 'admin') {
      const { status, body } = await ask(by, 'POST', '', { ...NEW_TASK, ...given });
      if (status !== 201) throw new Error(`creating a task: ${status} ${JSON.stringify(body)}`);
      return body;
    },
    async newClient(branch_id) {
      const body = { first_name: 'Maya', last_name: 'Rai', gender: 'FEMALE', country: 'NP', branch_id };
      return (await app.ask('POST', '/api/v1/clients/', { token: tokens.admin, body })).body.id;
    },
    async archiveClient(id) {
      await app.ask('DELETE', `/api/v1/clients/${id}/`, { token: tokens.admin });
    },
    notifications: (task) =>
      sql(
        `SELECT notification_type, assigned_to_id, meta_info, due_date FROM immigration_notification
         WHERE meta_info ->> 'task_id' = $1::text ORDER BY id`,
        [task],
      ),
    close: () => app.close(),
  };
}
