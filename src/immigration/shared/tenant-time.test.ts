import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../test/helpers/database.js';
import { withOwner } from '../../database/owner.js';
import { type Span, TenantTime } from './tenant-time.js';

const at = (timeZone: string, now: string) => new TenantTime({ timeZone }, new Date(now));

describe('a day', () => {
  test.each([
    // what it is, zone, now, from, to
    ['UTC', 'UTC', '2026-03-02T00:00:00Z', '2026-03-02T00:00:00.000Z', '2026-03-03T00:00:00.000Z'],
    [
      'a quarter hour',
      'Asia/Kathmandu',
      '2026-03-01T18:15:00Z',
      '2026-03-01T18:15:00.000Z',
      '2026-03-02T18:15:00.000Z',
    ],
    [
      'the second before',
      'Asia/Kathmandu',
      '2026-03-01T18:14:59Z',
      '2026-02-28T18:15:00.000Z',
      '2026-03-01T18:15:00.000Z',
    ],
    [
      '23 hours',
      'America/New_York',
      '2026-03-08T12:00:00Z',
      '2026-03-08T05:00:00.000Z',
      '2026-03-09T04:00:00.000Z',
    ],
    [
      '25 hours',
      'America/New_York',
      '2026-11-01T12:00:00Z',
      '2026-11-01T04:00:00.000Z',
      '2026-11-02T05:00:00.000Z',
    ],
    [
      'half an hour more',
      'Australia/Lord_Howe',
      '2026-04-05T00:00:00Z',
      '2026-04-04T13:00:00.000Z',
      '2026-04-05T13:30:00.000Z',
    ],
    [
      'midnight twice',
      'America/Havana',
      '2025-11-02T12:00:00Z',
      '2025-11-02T04:00:00.000Z',
      '2025-11-03T05:00:00.000Z',
    ],
    [
      'no midnight',
      'America/Santiago',
      '2025-09-07T12:00:00Z',
      '2025-09-07T04:00:00.000Z',
      '2025-09-08T03:00:00.000Z',
    ],
    [
      '23 o’clock twice',
      'America/Santiago',
      '2025-04-05T12:00:00Z',
      '2025-04-05T03:00:00.000Z',
      '2025-04-06T04:00:00.000Z',
    ],
    [
      'before one that never was',
      'Pacific/Apia',
      '2011-12-30T09:00:00Z',
      '2011-12-29T10:00:00.000Z',
      '2011-12-30T10:00:00.000Z',
    ],
    [
      'an unknown zone counts as UTC',
      'Mars/Olympus',
      '2026-03-02T12:00:00Z',
      '2026-03-02T00:00:00.000Z',
      '2026-03-03T00:00:00.000Z',
    ],
    [
      'so does an offset',
      '+05:00',
      '2026-03-02T12:00:00Z',
      '2026-03-02T00:00:00.000Z',
      '2026-03-03T00:00:00.000Z',
    ],
  ])('%s: %s %s', (_what, zone, now, from, to) => {
    expect(at(zone, now).period('today')).toMatchObject({ from, to });
  });
});

test.each<[Span, string, string, string]>([
  ['this_week', '2026-03-02T12:00:00Z', '2026-03-02', '2026-03-09'], // a Monday
  ['this_week', '2026-03-01T12:00:00Z', '2026-02-23', '2026-03-02'], // a Sunday
  ['this_week', '2026-01-01T12:00:00Z', '2025-12-29', '2026-01-05'],
  ['this_month', '2026-12-31T12:00:00Z', '2026-12-01', '2027-01-01'],
  ['this_month', '2024-02-29T12:00:00Z', '2024-02-01', '2024-03-01'],
])('%s at %s', (span, now, firstDate, endDate) => {
  expect(at('UTC', now).period(span)).toMatchObject({ firstDate, endDate });
  // East of Greenwich the same days began earlier.
  const { from } = at('Australia/Sydney', now).period(span);
  expect(Date.parse(from)).toBeLessThan(Date.parse(firstDate));
});

test.each([
  ['UTC', '2026-03-02T12:00:00.123Z', 7, '2026-03-09T12:00:00.123Z'],
  ['America/New_York', '2026-03-05T17:00:00Z', 7, '2026-03-12T16:00:00.000Z'], // noon and noon, 167 hours later
  ['America/New_York', '2026-03-07T07:30:00Z', 1, '2026-03-08T07:00:00.000Z'], // 2:30 is skipped: the jump
  ['America/New_York', '2026-10-31T05:30:00Z', 1, '2026-11-01T05:30:00.000Z'], // 1:30 comes twice: the first
  ['UTC', '2026-03-02T12:00:00Z', -3, '2026-02-27T12:00:00.000Z'],
  ['UTC', '2026-03-02T12:00:00Z', 0, '2026-03-02T12:00:00.000Z'],
])('%s: from %s, %i days', (zone, now, days, moment) => {
  expect(at(zone, now).daysAhead(days)).toBe(moment);
});

describe('held against PostgreSQL', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await testDatabase({ from: 'empty' });
  });
  afterAll(() => database?.drop());

  const CHANGING = ['America/Havana', 'Atlantic/Azores', 'America/Santiago', 'Africa/Cairo', 'Asia/Beirut'];
  const FROM = Date.UTC(2003, 0, 1);
  const TO = Date.UTC(2024, 0, 1);

  it('moments lie in the days, weeks and months that it gives', async () => {
    const zones = Intl.supportedValuesOf('timeZone');
    const samples = Array.from({ length: 1500 }, (_, index) => {
      const zone = (
        index % 2 ? CHANGING[index % 5] : zones[Math.floor(Math.random() * zones.length)]
      ) as string;
      const time = at(zone, new Date(FROM + Math.floor(Math.random() * (TO - FROM))).toISOString());
      const [day, week, month] = (['today', 'this_week', 'this_month'] as const).map((span) =>
        time.period(span),
      );
      return { zone, now: time.now.toISOString(), today: time.today, day, week, month };
    });
    const disagreeing = await withOwner(database.owner, async (client) => {
      const { rows } = await client.query(
        `SELECT e.s FROM jsonb_array_elements($1) AS e (s)
         JOIN pg_timezone_names z ON z.name = e.s ->> 'zone'
         CROSS JOIN LATERAL (SELECT (e.s ->> 'now')::timestamptz AT TIME ZONE z.name AS local) l
         WHERE (e.s ->> 'today')::date <> l.local::date
            OR EXISTS (
              SELECT FROM unnest(ARRAY['day', 'week', 'month']) AS span
              CROSS JOIN LATERAL (
                SELECT (e.s -> span ->> 'from')::timestamptz AS begins, (e.s -> span ->> 'to')::timestamptz AS ends,
                       (e.s -> span ->> 'firstDate')::date AS first, (e.s -> span ->> 'endDate')::date AS after) p
              WHERE date_trunc(span, l.local)::date <> p.first
                 OR (date_trunc(span, l.local) + ('1 ' || span)::interval)::date <> p.after
                 OR (p.begins AT TIME ZONE z.name)::date <> p.first
                 OR ((p.begins - interval '1 ms') AT TIME ZONE z.name)::date >= p.first
                 OR (p.ends AT TIME ZONE z.name)::date <> p.after
                 OR ((p.ends - interval '1 ms') AT TIME ZONE z.name)::date >= p.after)`,
        [JSON.stringify(samples)],
      );
      return rows;
    });
    expect(disagreeing).toEqual([]);
  });
});
