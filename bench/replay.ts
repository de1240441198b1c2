import type { Writable } from 'node:stream';
import pg from 'pg';
import type { ConnectionSettings } from '../src/config/config.js';
import { Database } from '../src/database/database.js';
import { type Statement, statement } from '../src/database/statement.js';
import { valueTypes } from '../src/database/value-types.js';
import { closedLoop, type LoopOptions, type Sample } from './closed-loop.js';

/** Statements that are sent together, before any of them is answered. */
export type RoundTrip = readonly Statement[];

export interface Replay extends LoopOptions {
  readonly database: ConnectionSettings;
  /** The round trips of one request; of several, in rotation. */
  readonly requests: readonly (readonly RoundTrip[])[];
  readonly connections: number;
  /** Whether each statement is parsed and planned anew, as behind a pooler, instead of being kept prepared. */
  readonly unprepared?: boolean;
}

/** Kept from one measurement to the next, as the program keeps its own: a new one has empty caches. */
const clients: pg.Client[] = [];

/**
 * Sends the statements of requests, and nothing else, over this many connections, by the driver's own means: prepared
 * once, and pipelined.
 */
export async function replay(given: Replay): Promise<Sample> {
  const { database, requests, connections, unprepared = false, ...options } = given;
  while (clients.length < connections) clients.push(await connected(database));
  let begun = 0;
  const steps = clients.slice(0, connections).map((client) => async () => {
    for (const statements of requests[begun++ % requests.length] ?? []) {
      await roundTrip(client, statements, unprepared);
    }
  });
  return await closedLoop(steps, options);
}

const names = new Map<string, string>();

function nameOf(sql: string): string {
  const name = names.get(sql) ?? `bench_${names.size}`;
  names.set(sql, name);
  return name;
}

async function connected(database: ConnectionSettings): Promise<pg.Client> {
  const settings = { ...database, types: valueTypes, pipeline: true, application_name: 'leopard-bench' };
  const client = new pg.Client(settings);
  await client.connect();
  return client;
}

/** Sends statements in one write, as the program does. */
async function roundTrip(client: pg.Client, statements: RoundTrip, unprepared: boolean): Promise<void> {
  const stream = client.connection.stream as Writable;
  stream.cork();
  const answers = statements.map(({ sql, parameters }) =>
    client.query({
      text: sql,
      values: parameters as unknown[],
      ...(!unprepared && { name: nameOf(sql) }),
    }),
  );
  process.nextTick(() => stream.uncork());
  await Promise.all(answers);
}

export interface LayerReplay extends Replay {
  readonly schema: string;
  readonly userId: number;
}

const layers = new Map<string, Database>();
/** Statements that the layer adds. */
const FRAME = /^(BEGIN|COMMIT|SELECT pg_catalog\.(length|set_config|pg_backend_pid))/;

/** Sends the same through the program's own pool and tenant transaction, which add the opening and COMMIT. */
export async function replayThroughLayer(given: LayerReplay): Promise<Sample> {
  const { database: settings, requests, connections, unprepared = false, schema, userId, ...options } = given;
  const key = `${connections} ${unprepared}`;
  const database = layers.get(key) ?? new Database(settings, { size: connections, prepare: !unprepared });
  layers.set(key, database);
  const inner = requests.map((request) => request.flat().filter(({ sql }) => !FRAME.test(sql)));
  let begun = 0;
  const step = async () => {
    const statements = (inner[begun++ % inner.length] ?? []).map((one) => statement(one.sql, one.parameters));
    await database.tenantTransaction({ schema, userId }, async (transaction) => {
      for (const one of statements) transaction.send(one);
    });
  };
  return await closedLoop(
    Array.from({ length: connections }, () => step),
    options,
  );
}
