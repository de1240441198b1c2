import { writeFileSync } from 'node:fs';
import pg from 'pg';
import { CHANNELS } from '../../src/database/channels.js';

/**
 * Loaded into the program ahead of it (`node --import`): records at the driver when notices arrive and when the
 * database has answered the round trips on an event's way, and writes that into a file when the process ends.
 */

/** One thing recorded, with its time in milliseconds since 1970. */
export type Recorded = readonly [what: string, at: number];

/** The variable with the name of the file. */
export const FILE = 'BENCH_EVENTS_RECORD';

/** The round trips of interest, by a part of their SQL; the first that fits counts. */
const ROUND_TRIPS: readonly (readonly [what: string, text: string])[] = [
  ['ready', 'tenants_with_due_events'],
  ['claimed', 'claim_events'],
  ['taken', 'take_events'],
  ['handled', 'finish_events'],
  ['looked', 'pg_current_snapshot'],
];

type Batch = {
  readonly statements?: readonly { readonly sql: string }[];
  handleReadyForQuery?: (...values: unknown[]) => unknown;
};

const recorded: Recorded[] = [];
const note = (what: string) => recorded.push([what, performance.timeOrigin + performance.now()]);

const prototype = pg.Client.prototype as unknown as {
  query(this: pg.Client, batch: Batch, values?: unknown[]): unknown;
  emit(this: pg.Client, name: string, ...values: unknown[]): boolean;
};
const { query, emit } = prototype;

prototype.query = function (this: pg.Client, batch, values) {
  const statements = batch.statements ?? [];
  const what = ROUND_TRIPS.find(([, text]) => statements.some(({ sql }) => sql.includes(text)))?.[0];
  if (what !== undefined) {
    const { handleReadyForQuery } = batch;
    batch.handleReadyForQuery = function (this: Batch, ...answer) {
      note(what);
      return handleReadyForQuery?.apply(this, answer);
    };
  }
  return query.call(this, batch, values);
};

prototype.emit = function (this: pg.Client, name, ...values) {
  if (name === 'notification') {
    const { channel } = values[0] as { channel: string };
    if (channel === CHANNELS.events) note('noticed');
    else if (channel === CHANNELS.notifications) note('announced');
  }
  return emit.call(this, name, ...values);
};

const file = process.env[FILE];
if (file) process.once('exit', () => writeFileSync(file, JSON.stringify(recorded)));
