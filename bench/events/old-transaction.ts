import { setTimeout as sleep } from 'node:timers/promises';
import { type OwnerClient, withOwner } from '../../src/database/owner.js';
import { percentile } from '../statistics.js';
import { CLIENTS, type Scene } from './scene.js';

export interface OldTransactionOptions {
  /** Duration of the changes beside the open transaction. */
  readonly minutes: number;
  /** Changes per second. */
  readonly rate: number;
  /** Number of events handled at full speed instead of the minutes between the first and the last. */
  readonly dead?: number | undefined;
}

/** Times from the commit of a change to the commit of its handling, in milliseconds. */
export interface Minute {
  readonly what: string;
  readonly done: number;
  readonly p50: number;
  readonly p99: number;
}

const MINUTE_MS = 60_000;
const TICK_MS = 20;
const SCHEMA = 'tenant_main';
const FILLED_AT_ONCE = 2_000;

/**
 * Measures how long changes wait to be handled while an open transaction keeps VACUUM from removing any row.
 * @returns the first minute and the last one, when the queue has one dead row for each event handled
 */
export async function measureBesideOldTransaction(
  scene: Scene,
  { minutes, rate, dead }: OldTransactionOptions,
  say: (line: string) => void,
): Promise<Minute[]> {
  const program = scene.start('worker');
  const spreads: Minute[] = [];
  await withOwner(scene.admin, async (old) => {
    await old.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await old.query('SELECT pg_current_xact_id()');
    await withOwner(scene.admin, async (client) => {
      const measured = async (minute: number) => {
        spreads.push(await oneMinute(client, minute, rate));
        const { what, done, p50, p99 } = spreads.at(-1) as Minute;
        say(`${what}: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, ${done} events done so far`);
      };
      await change(client, [1]);
      await untilDone(client); // the worker has started
      await measured(1);
      if (dead === undefined) for (let minute = 2; minute <= minutes; minute++) await measured(minute);
      else {
        await fill(client, dead, say);
        await measured(2);
      }
    });
    await old.query('ROLLBACK');
  });
  await program.stop();
  return [spreads[0] as Minute, spreads.at(-1) as Minute];
}

/** Changes clients for a minute, one by one, and waits until all of their events are handled. */
async function oneMinute(client: OwnerClient, minute: number, rate: number): Promise<Minute> {
  const { rows } = await client.query(`SELECT coalesce(max(id), 0) AS last FROM ${SCHEMA}.immigration_event`);
  const begun = performance.now();
  let changed = 0;
  while (performance.now() - begun < MINUTE_MS) {
    const wanted = ((performance.now() - begun) / 1_000) * rate;
    for (; changed < wanted; changed++) await change(client, [1 + (changed % CLIENTS)]);
    await sleep(TICK_MS);
  }
  await untilDone(client);
  const waits = await client.query<{ ms: number }>(
    `SELECT extract(epoch FROM pg_xact_commit_timestamp(xmin) - created_at)::float8 * 1000 AS ms
     FROM ${SCHEMA}.immigration_event WHERE id > $1`,
    [rows[0].last],
  );
  const all = Float64Array.from(waits.rows.map(({ ms }) => ms));
  const done = await client.query(`SELECT count(*)::integer AS n FROM ${SCHEMA}.immigration_event`);
  const what = `minute ${minute}`;
  return { what, done: done.rows[0].n, p50: percentile(all, 0.5), p99: percentile(all, 0.99) };
}

async function change(client: OwnerClient, ids: readonly number[]): Promise<void> {
  await client.query(
    `UPDATE ${SCHEMA}.immigration_client SET stage = CASE stage WHEN 'LEAD' THEN 'CLIENT' ELSE 'LEAD' END
     WHERE id = ANY ($1::bigint[])`,
    [ids],
  );
}

/** Makes this many events and waits until they are done. */
async function fill(client: OwnerClient, events: number, say: (line: string) => void): Promise<void> {
  for (let done = 0; done < events; done += FILLED_AT_ONCE) {
    const from = done % CLIENTS;
    await change(
      client,
      Array.from({ length: FILLED_AT_ONCE }, (_, index) => 1 + from + index),
    );
    await untilDone(client);
    if (done % 20_000 === 0) say(`${done + FILLED_AT_ONCE} of ${events} events done`);
  }
}

async function untilDone(client: OwnerClient): Promise<void> {
  for (;;) {
    const { rows } = await client.query(
      'SELECT coalesce(sum(depth), 0)::integer AS n FROM public.waiting_events()',
    );
    if (rows[0].n === 0) return;
    await sleep(100);
  }
}
