import { afterAll, beforeAll, expect, test } from 'vitest';
import { pick } from '../visibility/agency.js';
import {
  type Client,
  countOf,
  counts,
  DAY,
  dealClients,
  isIn,
  localDate,
  questions,
  type Setting,
  startSetting,
  VIEWS,
} from './setting.js';

// Compares the reports on clients' stages with a slow and obvious computation over the same random stories.

const STAGES = ['LEAD', 'FOLLOW_UP', 'CLIENT', 'CLOSE'];

interface Move {
  readonly from: string;
  readonly to: string;
  readonly at: number;
}
/** The history of a client; without a recorded move, nobody can know how long it was in which stage. */
interface Story {
  readonly stage: string;
  readonly moves: readonly Move[];
  readonly isNoted: readonly boolean[];
}

let setting: Setting;
let clients: readonly (Client & Story)[];

function tell(created: number): Story {
  const moves: Move[] = [];
  let [stage, at] = [pick(STAGES), created];
  const isNoted: boolean[] = [];
  while (Math.random() < 0.7) {
    const from = stage;
    stage = pick(STAGES.filter((other) => other !== from));
    at += Math.floor(Math.random() * (Date.now() - at));
    moves.push({ from, to: stage, at });
    isNoted.push(Math.random() < 0.9);
  }
  return { stage, moves, isNoted };
}

beforeAll(async () => {
  setting = await startSetting();
  clients = await dealClients(setting, 300, tell);
  const entries = clients.flatMap(({ id, moves, isNoted }) =>
    moves
      .filter((_, index) => isNoted[index])
      .map(({ from, to, at }) => ({
        client: id,
        at,
        stage: to,
        text: `Client converted to ${to} from ${from}`,
      })),
  );
  await setting.sql(
    `INSERT INTO immigration_clientactivity (client_id, activity_type, description, metadata, created_at)
     SELECT (e ->> 'client')::bigint, 'STAGE_CHANGED', e ->> 'text', jsonb_build_object('stage', e ->> 'stage'),
            to_timestamp((e ->> 'at')::float8 / 1000)
     FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS d (e, n) ORDER BY n`,
    [JSON.stringify(entries)],
  );
  // Entries of other kinds contain the stage too.
  await setting.sql(
    `INSERT INTO immigration_clientactivity (client_id, activity_type, description, metadata)
     SELECT id, 'ASSIGNED', 'Client assigned to CLIENT from LEAD', '{"stage": "CLIENT"}' FROM immigration_client`,
  );
});
afterAll(() => setting?.app.close());

const noted = ({ moves, isNoted }: Omit<Story, 'stage'>) => moves.filter((_, index) => isNoted[index]);
const percent = (part: number, whole: number) =>
  whole === 0 ? null : Math.round((part * 1000) / whole) / 10;

test('clients by stage, and which stages they have reached', async () => {
  for (const view of VIEWS) {
    for (const asked of questions()) {
      const seen = clients.filter(
        (client) => counts(view, asked, client) && isIn(asked, localDate(client.created)),
      );
      const rows = STAGES.map((stage) => {
        const reached = countOf(
          seen,
          (client) =>
            client.stage === stage || noted(client).some(({ from, to }) => from === stage || to === stage),
        );
        return {
          stage,
          clients: countOf(seen, (client) => client.stage === stage),
          reached,
          all_clients: seen.length,
          reached_percent: percent(reached, seen.length),
        };
      });
      const { status, body } = await setting.ask('client-stages', view.name, asked);
      expect(status).toBe(200);
      expect([body.rows, body.totals]).toEqual([rows, { clients: seen.length }]);
    }
  }
});

test('moves from stage to stage', async () => {
  for (const view of VIEWS) {
    for (const asked of questions()) {
      const seen = clients
        .filter((client) => counts(view, asked, client))
        .flatMap((client) => noted(client).map((move) => ({ ...move, client: client.id })))
        .filter(({ at }) => isIn(asked, localDate(at)));
      const rows = STAGES.flatMap((from) =>
        STAGES.map((to) => {
          const moves = seen.filter((move) => move.from === from && move.to === to);
          const all = countOf(seen, (move) => move.from === from);
          return {
            from_stage: from,
            to_stage: to,
            moves: moves.length,
            clients: new Set(moves.map(({ client }) => client)).size,
            all_moves: all,
            moves_percent: percent(moves.length, all),
          };
        }),
      ).filter(({ moves }) => moves > 0);
      const { body } = await setting.ask('stage-conversions', view.name, asked);
      expect([body.rows, body.totals]).toEqual([rows, { moves: seen.length }]);
    }
  }
});

/** Returns the stays in stages whose beginning and end are both certain; the last one ends now. */
function stays({ created, stage, ...story }: Client & Story) {
  const moves = noted(story);
  const first = { stage: moves[0]?.from ?? stage, since: created };
  return [first, ...moves.map(({ to, at }) => ({ stage: to, since: at }))].flatMap((stay, index) => {
    const next = moves[index];
    const left = next ? next.from : stage;
    return left === stay.stage ? [{ ...stay, until: next?.at ?? null }] : [];
  });
}

const median = (sorted: readonly number[]) =>
  ((sorted[Math.floor((sorted.length - 1) / 2)] as number) +
    (sorted[Math.ceil((sorted.length - 1) / 2)] as number)) /
  2;

function expectDays(given: { average: number | null; median: number | null }, days: number[]) {
  if (days.length === 0) return expect(given).toEqual({ average: null, median: null });
  days.sort((a, b) => a - b);
  // Rounded to a tenth; and the clock goes on while the request runs.
  const average = days.reduce((total, day) => total + day, 0) / days.length;
  expect(Math.abs((given.average as number) - average)).toBeLessThan(0.0502);
  expect(Math.abs((given.median as number) - median(days))).toBeLessThan(0.0502);
}

test('time in stage', async () => {
  for (const view of VIEWS) {
    for (const asked of questions()) {
      const all = clients.filter((client) => counts(view, asked, client)).flatMap(stays);
      const { body } = await setting.ask('time-in-stage', view.name, asked);
      expect(body.rows.map((row: { stage: string }) => row.stage)).toEqual(STAGES);
      for (const row of body.rows) {
        const here = all.filter(({ stage }) => stage === row.stage);
        const ended = here.flatMap(({ since, until }) =>
          until !== null && isIn(asked, localDate(until)) ? [(until - since) / DAY] : [],
        );
        const lasting = here.flatMap(({ since, until }) =>
          until === null ? [(Date.now() - since) / DAY] : [],
        );
        expect([row.stays, row.clients_now]).toEqual([ended.length, lasting.length]);
        expectDays({ average: row.average_days, median: row.median_days }, ended);
        expectDays({ average: row.average_days_now, median: row.median_days_now }, lasting);
      }
    }
  }
});
