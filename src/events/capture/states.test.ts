import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addedFields } from '../../../test/contract/additions.js';
import { type TestDatabase, testDatabase } from '../../../test/helpers/database.js';
import { type CapturedEvent, dropEvents, eventsOf } from '../../../test/helpers/events.js';
import { TENANT_COLUMNS, type TenantColumns } from '../../database/generated/columns.js';
import { type OwnerClient, withOwner } from '../../database/owner.js';
import { EVENTS } from '../config.js';
import type { EventsConfig } from '../types.js';
import { planCapture } from './capture.js';
import { installCapture } from './install.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
  await asOwner(async (owner) => {
    await owner.query(`
      INSERT INTO immigration_user (username) SELECT 'user' || i FROM generate_series(1, 3) i;
      INSERT INTO immigration_visacategory (name) VALUES ('Student');
      INSERT INTO immigration_visatype (name, visa_category_id) VALUES ('500', 1);
      INSERT INTO immigration_branch (name) VALUES ('One')`);
  });
});

afterAll(() => database.drop());

beforeEach(() => asOwner((owner) => dropEvents(owner)));

/**
 * Runs work as the owner, with session settings that would show in dates and numbers if the session's rules formatted
 * them.
 */
function asOwner<T>(work: (owner: OwnerClient) => Promise<T>): Promise<T> {
  return withOwner(database.owner, async (owner) => {
    await owner.query(`SET search_path TO tenant_main; SET datestyle TO 'German, DMY';
      SET timezone TO 'Asia/Kathmandu'; SET intervalstyle TO 'iso_8601'`);
    return await work(owner);
  });
}

function eventsAfter(...statements: string[]): Promise<CapturedEvent[]> {
  return asOwner(async (owner) => {
    for (const sql of statements) await owner.query(sql);
    return await eventsOf(owner);
  });
}

/** Installs another capture in tenant_main. */
async function capture(config: EventsConfig, columns: TenantColumns = TENANT_COLUMNS): Promise<void> {
  await asOwner(async (owner) => {
    await owner.query('BEGIN; SET LOCAL search_path TO tenant_main, pg_temp');
    await installCapture(owner, 'tenant_main', planCapture(columns, config));
    await owner.query('COMMIT');
  });
}

/** Returns the shipped configuration with a handler for these types too. */
function withTypes(...types: string[]): EventsConfig {
  const handlers = EVENTS.events['Client.DELETE']!.handlers;
  return {
    ...EVENTS,
    events: { ...EVENTS.events, ...Object.fromEntries(types.map((type) => [type, { handlers }])) },
  };
}

it('keep the beginning of very long texts, and the last items of very long lists', async () => {
  const [event] = await eventsAfter(
    `INSERT INTO immigration_task (title, detail, priority, status, due_date, tags, comments, assigned_to_id)
     SELECT 'T', repeat('ä', 50000), 'LOW', 'PENDING', now(), '["short"]',
       (SELECT jsonb_agg(jsonb_build_object('text', n || repeat('x', 1000))) FROM generate_series(1, 500) n), 1`,
    "UPDATE immigration_task SET status = 'COMPLETED'",
  ).then((events) =>
    events.filter(({ event_type: type }) => type === 'Task.status.UPDATE' || type === 'Task.CREATE'),
  );
  const { detail, tags, comments } = (event as CapturedEvent).current_state as Record<string, unknown> & {
    comments: { text: string }[];
  };
  expect([detail, tags]).toEqual([`${'ä'.repeat(10_000)}…`, ['short']]);
  expect(comments.at(-1)?.text).toMatch(/^500x/);
  expect(comments).toHaveLength(64);
  const whole = 'ä'.repeat(10_000);
  await asOwner((owner) => dropEvents(owner));
  const [note] = await eventsAfter(
    `INSERT INTO immigration_task (title, detail, priority, status, due_date, tags, comments)
     VALUES ('T', '${whole}', 'LOW', 'PENDING', now(), '[]', '[]')`,
  );
  expect(note?.current_state).toMatchObject({ detail: whole });
});

it('a client’s, as recorded', async () => {
  const examples = JSON.parse(readFileSync('test/contract/examples.json', 'utf8')) as {
    name: string;
    response: { body: { results: { activity_type: string; metadata: Record<string, unknown> }[] } };
  }[];
  const recorded = examples.find(({ name }) => name === 'client-timeline')!.response.body.results[1]!;
  const { event_id, assigned_to_id, changed_fields, performed_by_id, ...known } = recorded.metadata;
  const [event] = await eventsAfter(
    `INSERT INTO immigration_client (first_name, last_name, email, gender, country, created_by_id, updated_by_id)
     VALUES ('New', 'Client', 'n@example.com', 'MALE', 'AU', 1, 1)`,
    'UPDATE immigration_client SET assigned_to_id = 3',
  );
  const added = addedFields('ClientActivityOutput.metadata');
  const state = { ...known, ...Object.fromEntries(added.map((name) => [name, event!.current_state[name]])) };
  expect(event!.current_state, 'ClientActivityOutput.metadata in test/contract/additions.ts').toEqual(state);
  expect(event!.previous_state).toEqual({ ...state, assigned_to: null });
  expect(event!.changed_fields).toEqual(changed_fields);
});

it('a task’s: the link keeps its names, times are UTC with microseconds only when they are not zero', async () => {
  const [event] = await eventsAfter(
    `INSERT INTO immigration_task (title, due_date, completed_at, content_type_id, object_id, tags, branch_id)
     VALUES ('Call', '2026-01-31T14:45:00+05:45', '2026-01-31T09:00:00.1234Z', 10, 7, '["a", {"b": 1}]', 1)`,
  );
  expect(event).toMatchObject({ event_type: 'Task.CREATE', action: 'CREATE', changed_fields: [] });
  expect(event!.previous_state).toEqual({});
  expect(event!.current_state).toEqual({
    title: 'Call',
    detail: '',
    priority: 'MEDIUM',
    status: 'PENDING',
    due_date: '2026-01-31T09:00:00Z',
    completed_at: '2026-01-31T09:00:00.123400Z',
    tags: ['a', { b: 1 }],
    comments: [],
    content_type_id: 10,
    object_id: 7,
    assigned_by: null,
    assigned_to: null,
    created_by: null,
    updated_by: null,
    branch: 1,
  });
});

it('a visa application’s: money pairs, dates', async () => {
  const [event] = await eventsAfter(
    "INSERT INTO immigration_client (first_name) VALUES ('C')",
    `INSERT INTO immigration_visaapplication (client_id, visa_type_id, immigration_fee, service_fee,
       service_fee_currency, date_applied, required_documents)
     SELECT max(id), 1, 1250, 0.5, 'AUD', '2026-01-31', '[]' FROM immigration_client`,
  );
  expect(event!.current_state).toMatchObject({
    immigration_fee: { amount: '1250.00', currency: 'USD' },
    service_fee: { amount: '0.50', currency: 'AUD' },
    date_applied: '2026-01-31',
    date_granted: null,
    visa_type: 1,
    required_documents: [],
  });
  expect(Object.keys(event!.current_state)).not.toContain('service_fee_currency');
});

it('of a record that goes: what it was', async () => {
  const [event] = await eventsAfter(
    "INSERT INTO immigration_client (first_name, deleted_at) VALUES ('Old', now())",
    "DELETE FROM immigration_client WHERE first_name = 'Old'",
  );
  expect(event).toMatchObject({ event_type: 'Client.DELETE', previous_state: { first_name: 'Old' } });
  expect(event!.current_state).toEqual({});
});

describe('another configuration', () => {
  it('one event for all fields of an entity that names none', async () => {
    await capture(withTypes('Note.UPDATE', 'Note.DELETE'));
    const events = await eventsAfter(
      "INSERT INTO immigration_client (first_name) VALUES ('Noted')",
      "INSERT INTO immigration_note (client_id, content) SELECT max(id), 'one' FROM immigration_client",
      "UPDATE immigration_note SET content = 'two', author_id = 2",
      'UPDATE immigration_note SET updated_at = now()',
      "DELETE FROM immigration_client WHERE first_name = 'Noted'",
    );
    expect(events.map(({ event_type }) => event_type).sort()).toEqual([
      'Client.DELETE',
      'Note.CREATE',
      'Note.DELETE',
      'Note.UPDATE',
    ]);
    const update = events.find(({ event_type }) => event_type === 'Note.UPDATE')!;
    expect(update.changed_fields).toEqual(['content', 'author']);
    expect(update.previous_state).toMatchObject({ content: 'one', author: null });
    expect(update.current_state).toMatchObject({ content: 'two', author: 2 });
  });

  it('as often as it says, and nothing for handlers that are switched off', async () => {
    const [activity] = EVENTS.events['Client.DELETE']!.handlers;
    await capture({
      ...EVENTS,
      events: {
        'Client.CREATE': { handlers: [activity!], max_retries: 7 },
        'Client.stage.UPDATE': { handlers: [{ ...activity!, enabled: false }] },
      },
    });
    const events = await eventsAfter(
      "INSERT INTO immigration_client (first_name) VALUES ('C')",
      "UPDATE immigration_client SET stage = 'CLOSE'",
      'DELETE FROM immigration_client',
    );
    expect(events.map(({ event_type, max_retries }) => [event_type, max_retries])).toEqual([
      ['Client.CREATE', 7],
    ]);
  });

  it('every kind of column, and more of them than a function takes arguments', async () => {
    const many = Array.from({ length: 60 }, (_, index) => `column_${index} integer DEFAULT ${index}`);
    await asOwner((owner) =>
      owner.query(`CREATE TABLE immigration_strange (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
        took interval, at time, "end" date, price numeric(12, 2), price_currency varchar(3), ${many})`),
    );
    const columns = {
      ...TENANT_COLUMNS,
      immigration_strange: [
        { name: 'id', type: 'bigint' },
        { name: 'took', type: 'interval' },
        { name: 'at', type: 'time without time zone' },
        { name: 'end', type: 'date' },
        { name: 'price', type: 'numeric' },
        { name: 'price_currency', type: 'character varying' },
        ...many.map((_, index) => ({ name: `column_${index}`, type: 'integer' })),
      ],
    };
    const handled = withTypes('Strange.CREATE', 'Strange.price.UPDATE');
    await capture(
      {
        ...handled,
        entities: {
          ...EVENTS.entities,
          Strange: { table: 'immigration_strange', fields: ['price'] },
        },
      },
      columns,
    );
    const events = await eventsAfter(
      `INSERT INTO immigration_strange (took, at, "end") VALUES ('1 day 26 hours 3 minutes', '09:30', '2026-02-01')`,
      `UPDATE immigration_strange SET price_currency = 'NPR'`,
      `UPDATE immigration_strange SET price = 12`,
    );
    expect(events).toHaveLength(3);
    const state = events[0]!.current_state;
    expect(Object.keys(state)).toHaveLength(64);
    expect(state).toMatchObject({
      took: '2 02:03:00',
      at: '09:30:00',
      end: '2026-02-01',
      price: null,
      column_59: 59,
    });
    expect(events[2]!.current_state.price).toEqual({ amount: '12.00', currency: 'NPR' });
  });
});
