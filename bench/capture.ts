import pg from 'pg';
import { buildApp } from '../src/app/app.js';
import type { Config } from '../src/config/config.js';
import type { DatabaseHandle } from '../src/database/connections.js';
import { Database } from '../src/database/database.js';
import { Listener } from '../src/database/listener.js';
import { statement } from '../src/database/statement.js';
import type { HttpRequest } from './http-connection.js';
import type { RoundTrip } from './replay.js';

/** The statements of one round trip, as given to the driver (src/database/batch.ts). */
type Batch = {
  readonly statements?: readonly { readonly sql: string; readonly values: readonly unknown[] }[];
};
type Query = (this: pg.Client, batch: Batch, values?: unknown[]) => unknown;

/**
 * Returns the statements that the program sends for each of these requests, once tenant and user are cached: recorded
 * at the driver, so that they are always the program's own. Runs each request twice.
 */
export async function captureStatements(
  config: Config,
  handle: DatabaseHandle,
  requests: readonly HttpRequest[],
): Promise<RoundTrip[][]> {
  const database = new Database(handle.app, { size: 1 });
  const listener = new Listener(handle.app);
  try {
    const { server } = await buildApp({ config, database, listener });
    await listener.start();
    const ask = async ({ method, path, headers, body }: HttpRequest) => {
      const { statusCode } = await server.inject({
        method: method as 'GET',
        url: path,
        headers,
        ...(body && { payload: body }),
      });
      if (statusCode >= 300) throw new Error(`${method} ${path} was answered with status ${statusCode}`);
    };
    const captured: RoundTrip[][] = [];
    for (const request of requests) {
      await ask(request);
      captured.push(await recording(() => ask(request)));
    }
    await server.close();
    return captured;
  } finally {
    await listener.close();
    await database.close();
  }
}

/** Records the connections that open a transaction: others listen for the database's notices. */
async function recording(work: () => Promise<void>): Promise<RoundTrip[]> {
  const roundTrips: RoundTrip[] = [];
  const prototype = pg.Client.prototype as unknown as { query: Query };
  const { query } = prototype;
  prototype.query = function (this: pg.Client, batch, values) {
    const { statements } = batch;
    if (statements) roundTrips.push(statements.map(({ sql, values }) => statement(sql, values)));
    return query.call(this, batch, values);
  };
  try {
    await work();
  } finally {
    prototype.query = query;
  }
  return roundTrips;
}
