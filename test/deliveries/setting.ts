import { setTimeout as sleep } from 'node:timers/promises';
import { Database } from '../../src/database/database.js';
import { withOwner } from '../../src/database/owner.js';
import { statement } from '../../src/database/statement.js';
import type { TenantTransaction } from '../../src/database/tenant-transaction.js';
import { DeliverySender, type SenderOptions } from '../../src/deliveries/sender.js';
import { leaveWebhooks } from '../../src/events/outbox.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';

/** A database with the tenants main and demo, and senders that are stopped at the end. */
export interface DeliveryTest {
  readonly databases: TestDatabase;
  readonly database: Database;
  /** Errors of all senders that belong to no single delivery. */
  readonly errors: Error[];
  /** Starts another sender; earlier ones go on. */
  send(options: Partial<SenderOptions> & Pick<SenderOptions, 'settings'>): DeliverySender;
  stopSending(): Promise<void>;
  /** Returns rows of a tenant. */
  rows<Row = Record<string, unknown>>(sql: string, parameters?: unknown[], schema?: string): Promise<Row[]>;
  /** Returns rows of any table, as the owner. */
  asOwner<Row = Record<string, unknown>>(sql: string, parameters?: unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

export async function startDeliveryTest(): Promise<DeliveryTest> {
  const databases = await testDatabase();
  const database = new Database(databases.app, { size: 4 });
  const errors: Error[] = [];
  let senders: DeliverySender[] = [];
  const stopSending = async () => {
    const stopping = senders;
    senders = [];
    await Promise.all(stopping.map((sender) => sender.close()));
  };
  return {
    databases,
    database,
    errors,
    send(options) {
      const sender = new DeliverySender(database, {
        mailer: null,
        pollMs: 30,
        onError: (error) => errors.push(error as Error),
        ...options,
      });
      senders.push(sender);
      sender.start();
      return sender;
    },
    stopSending,
    rows: (sql, parameters = [], schema = 'tenant_main') =>
      database.tenantQuery({ schema, userId: null }, statement(sql, parameters)),
    asOwner: (sql, parameters = []) =>
      withOwner(databases.owner, async (client) => (await client.query(sql, parameters)).rows),
    async close() {
      await stopSending();
      await database.close();
      await databases.drop();
    },
  };
}

/** Inserts an endpoint as stored. @returns its id */
export async function makeEndpoint(
  test: DeliveryTest,
  url: string,
  { secret = 'whsec_test', eventTypes = ['*'], schema = 'tenant_main' } = {},
): Promise<number> {
  const [row] = await test.rows<{ id: number }>(
    'INSERT INTO webhook_endpoint (url, secret, event_types) VALUES ($1, $2, $3) RETURNING id',
    [url, secret, JSON.stringify(eventTypes)],
    schema,
  );
  return row!.id;
}

/** Makes an event and queues its webhooks in the same transaction. @returns ids of the deliveries */
export async function leaveEvent(
  test: DeliveryTest,
  { type = 'Client.stage.UPDATE', schema = 'tenant_main' } = {},
): Promise<number[]> {
  return await test.database.tenantTransaction({ schema, userId: null }, async (transaction) => {
    const left = await transaction.query(leaveWebhooks(await makeEvent(transaction, type)));
    return left.map(({ id }) => id);
  });
}

/** Makes an event. @returns its id */
export async function makeEvent(transaction: TenantTransaction, type: string): Promise<number> {
  const [event] = await transaction.query(
    statement<{ id: number }>(
      `INSERT INTO immigration_event
         (event_type, entity_type, entity_id, tenant_schema, action, previous_state, current_state, changed_fields)
       VALUES ($1, 'Client', 7, current_schema(), 'UPDATE', '{"stage": "LEAD"}', '{"stage": "काम"}', '["stage"]')
       RETURNING id`,
      [type],
    ),
  );
  return event!.id;
}

/** Waits until this holds; fails after 25 seconds. */
export async function until(isSo: () => boolean | Promise<boolean>, what = 'it'): Promise<void> {
  const end = Date.now() + 25_000;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`${what} did not come about`);
    await sleep(20);
  }
}

/** Waits until a delivery has this status. */
export async function untilStatus(test: DeliveryTest, id: number, status: string, schema = 'tenant_main') {
  await until(async () => {
    const [row] = await test.rows<{ status: string }>(
      'SELECT status FROM delivery WHERE id = $1',
      [id],
      schema,
    );
    return row?.status === status;
  }, `the status ${status} of delivery ${id}`);
}
