import { startTestApp, type TestApp } from '../helpers/app.js';
import { idOf, seedStaff } from '../helpers/staff.js';
import { type Row, tenantSql } from '../helpers/tenant-sql.js';
import { pick, pickOrNull } from '../visibility/agency.js';

// Random records, and the rules of visibility in plain words. Clocks change in this time zone.

const ZONE = 'Australia/Sydney';
export const DAY = 86_400_000;

export interface Client {
  readonly id: number;
  readonly branch: number | null;
  readonly isArchived: boolean;
  readonly assignee: number | null;
  readonly created: number;
}

/** The users, and the branches of the clients in their figures: all branches by default. */
export const VIEWS: readonly { name: string; branches: readonly number[] | null; own?: number }[] = [
  { name: 'admin', branches: null },
  { name: 'manager1', branches: [1, 2] },
  { name: 'branch3', branches: [3] },
  { name: 'consultant12', branches: [1, 2], own: idOf('consultant12') },
  { name: 'homeless', branches: [], own: idOf('homeless') },
];
export type View = (typeof VIEWS)[number];

export const localDate = (moment: number) =>
  new Intl.DateTimeFormat('en-CA', { timeZone: ZONE }).format(moment);
/** Returns a moment of the last year; many lie close to the last change of the clocks or to now. */
export const someMoment = () => {
  const now = Date.now();
  return now - Math.floor(Math.random() * pick([2, 60, 365]) * DAY);
};
export const countOf = <T>(items: readonly T[], test: (item: T) => boolean) => items.filter(test).length;

export interface Asked {
  readonly from?: string;
  readonly to?: string;
  readonly branch?: number;
  readonly format?: string;
  readonly bom?: string;
}

/** Returns filters of requests: none, and random ones. */
export function questions(): Asked[] {
  const random = () => {
    const [a, b] = [someMoment(), someMoment()].sort((x, y) => x - y) as [number, number];
    const branch = pickOrNull([1, 2, 3, 99]);
    return {
      ...(Math.random() < 0.7 && { from: localDate(a) }),
      ...(Math.random() < 0.7 && { to: localDate(b) }),
      ...(branch !== null && Math.random() < 0.5 && { branch }),
    };
  };
  const today = localDate(Date.now());
  return [{}, { from: today, to: today }, random(), random(), random(), random()];
}

/** Returns whether a calendar date is in the period; none is in none, and counts where no period is given. */
export function isIn({ from, to }: Asked, date: string | null): boolean {
  if (date === null) return from === undefined && to === undefined;
  return (from === undefined || date >= from) && (to === undefined || date <= to);
}

/** Returns whether a client counts for a user. */
export function counts({ branches, own }: View, asked: Asked, client: Client): boolean {
  const { branch, isArchived, assignee } = client;
  if (isArchived) return false;
  if (branches !== null && (branch === null || !branches.includes(branch))) return false;
  if (asked.branch !== undefined && branch !== asked.branch) return false;
  return own === undefined || assignee === own;
}

export interface Setting {
  readonly app: TestApp;
  sql(text: string, parameters?: unknown[]): Promise<Row[]>;
  /** Returns a report as a user receives it. */
  ask(name: string, view: string, asked?: Asked): Promise<Awaited<ReturnType<TestApp['ask']>>>;
}

/** Starts an application with staff, and clients of all branches and of none. */
export async function startSetting(): Promise<Setting> {
  const app = await startTestApp();
  await seedStaff(app);
  const sql: Setting['sql'] = (text, parameters) => tenantSql(app.databases.admin, text, parameters);
  await sql(`UPDATE public.tenants_tenant SET settings = settings || '{"time_zone": "${ZONE}"}'`);
  const tokens = new Map<string, string>();
  return {
    app,
    sql,
    async ask(name, view, asked = {}) {
      const token = tokens.get(view) ?? (await app.logIn(view));
      tokens.set(view, token);
      const query = new URLSearchParams(
        Object.entries(asked).map(([key, value]): [string, string] => [key, String(value)]),
      );
      return await app.ask('GET', `/api/v1/reports/${name}/?${query}`, { token });
    },
  };
}

/** Creates random clients; `more` returns further columns of each. */
export async function dealClients<T extends object>(
  { sql }: Setting,
  howMany: number,
  more: (created: number) => T,
): Promise<(Client & T)[]> {
  const clients = Array.from({ length: howMany }, () => {
    const created = someMoment();
    return {
      ...more(created),
      branch: pickOrNull([1, 2, 3]),
      isArchived: Math.random() < 0.15,
      assignee: pickOrNull([idOf('consultant1'), idOf('consultant12'), idOf('consultant3'), idOf('branch3')]),
      created,
    };
  });
  const rows = await sql(
    `INSERT INTO immigration_client
       (first_name, branch_id, deleted_at, assigned_to_id, created_at, stage, agent_id, referred_by)
     SELECT 'x', (e ->> 'branch')::bigint, CASE WHEN (e ->> 'isArchived')::boolean THEN now() END,
            (e ->> 'assignee')::bigint, to_timestamp((e ->> 'created')::float8 / 1000),
            coalesce(e ->> 'stage', 'LEAD'), (e ->> 'agent')::bigint, coalesce(e ->> 'referredBy', '')
     FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS d (e, n) ORDER BY n RETURNING id`,
    [JSON.stringify(clients)],
  );
  return clients.map((client, index) => ({ ...client, id: Number(rows[index]?.id) }));
}
