import { afterAll, expect, test } from 'vitest';
import { collegeChoice, visaType } from '../helpers/samples/applications.js';
import { insert } from '../helpers/samples/insert.js';
import { type Agency, branchesOf, type Member, pick, pickOrNull, seesAll, startDealing } from './agency.js';

// Compares the list of deadlines with the rules in plain words, in random agencies and in time zones whose clocks
// change.

const ROUNDS = 3;
const OF_EACH = 25;
const ZONES = ['Australia/Sydney', 'America/New_York', 'Asia/Kathmandu', 'Pacific/Auckland', 'UTC'];
const STATUSES = ['TO_BE_APPLIED', 'VISA_APPLIED', 'CASE_OPENED', 'GRANTED', 'REJECTED', 'WITHDRAWN'];
const [CLIENT, BRANCH, VISA_APPLICATION] = [10, 3, 19];
const [MINUTE, DAY] = [60_000, 86_400_000];

const { app, deal } = await startDealing();
afterAll(() => app.close());
const { choice, type, last } = await app.database.tenantTransaction(
  { schema: 'tenant_main', userId: null },
  async (transaction) => {
    const choice = await collegeChoice(transaction);
    const { application_type_id } = choice;
    const stage = { stage_name: 'Last', position: 2, application_type_id };
    const last = await insert(transaction, 'immigration_stage', stage);
    return { choice, type: await visaType(transaction), last };
  },
);

interface Client {
  readonly id: number;
  readonly branch: number | null;
  readonly assignee: number | null;
  readonly archived: boolean;
}

/** The model of a deadline: its visibility, and its output. */
interface Deadline {
  readonly kind: string;
  readonly id: number;
  readonly date: string;
  /** Null for the whole day. */
  readonly moment: number | null;
  readonly assignee: number | null;
  readonly branch: number | null;
  readonly client: Client | undefined;
  /** In addition to deadlines of clients in scope. */
  readonly sees: (member: Member, agency: Agency) => boolean;
}

const chance = (probability: number) => Math.random() < probability;
const dateAfter = (date: string, days: number) =>
  new Date(Date.parse(date) + days * DAY).toISOString().slice(0, 10);
const anyId = (members: readonly Member[]) => pickOrNull(members)?.id ?? null;

/** Returns what clocks in the zone show, such as `2026-06-30 09:30`. */
const clock = (zone: string, moment: number) =>
  new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' }).format(moment);

/** Returns the last moment at which the clocks show this. */
function momentOf(zone: string, date: string, time: string): number {
  const near = Date.parse(`${date}T${time}Z`);
  for (let moment = near + 15 * 60 * MINUTE; moment > near - DAY; moment -= 15 * MINUTE) {
    if (clock(zone, moment) === `${date} ${time}`) return moment;
  }
  throw new Error(`${zone} has no ${date} ${time}`);
}

const inScope = (member: Member, client: Client | undefined, agency: Agency) =>
  client !== undefined &&
  !client.archived &&
  (seesAll(member) || (client.branch !== null && branchesOf(member, agency).includes(client.branch)));

/**
 * Returns whether a member may view the model: managers and consultants do not see college applications (their grants),
 * and so none of their intakes.
 */
const mayView = ({ group, isSuperuser }: Member, kind: string) =>
  kind !== 'INTAKE' || isSuperuser || group === 'SUPER_ADMIN' || group === 'BRANCH_ADMIN';

async function dealClients({ members, sql }: Agency): Promise<Client[]> {
  await sql('TRUNCATE immigration_client, immigration_task, immigration_reminder RESTART IDENTITY CASCADE');
  const clients = Array.from({ length: OF_EACH }, (_, index) => ({
    id: index + 1,
    branch: pickOrNull([1, 2, 3]),
    assignee: anyId(members),
    archived: chance(0.15),
  }));
  await sql(
    `INSERT INTO immigration_client (first_name, last_name, branch_id, assigned_to_id, deleted_at)
     SELECT 'Client', e ->> 'id', (e ->> 'branch')::bigint, (e ->> 'assignee')::bigint,
            CASE WHEN (e ->> 'archived')::boolean THEN now() END
     FROM jsonb_array_elements($1) WITH ORDINALITY AS a (e, n) ORDER BY n`,
    [JSON.stringify(clients)],
  );
  return clients;
}

/** Creates passports, visas and intakes; returns the visa applications' clients by id. */
async function dealExpiring({ members, sql }: Agency, clients: readonly Client[], date: () => string) {
  const shown: Deadline[] = [];
  const show = (kind: string, id: number, due: string, own: number | null, client: Client) =>
    shown.push({
      ...{ kind, id, date: due, moment: null, client, branch: client.branch },
      assignee: own ?? client.assignee,
      sees: () => false,
    });
  for (const client of clients.filter(() => chance(0.7))) {
    const due = date();
    await sql('INSERT INTO immigration_passport (id, date_of_expiry) VALUES ($1, $2)', [client.id, due]);
    show('PASSPORT', client.id, due, null, client);
  }
  const visas: Client[] = [];
  for (let id = 1; id <= OF_EACH; id++) {
    const [client, due, own, status] = [pick(clients), date(), anyId(members), pick(STATUSES)];
    await sql(
      `INSERT INTO immigration_visaapplication
         (client_id, visa_type_id, immigration_fee, service_fee, expiry_date, assigned_to_id, status)
       VALUES ($1, $2, 1, 1, $3, $4, $5)`,
      [client.id, type, due, own, status],
    );
    visas.push(client);
    if (status !== 'REJECTED' && status !== 'WITHDRAWN') show('VISA', id, due, own, client);
  }
  for (let id = 1; id <= OF_EACH; id++) {
    const [client, due, own, done, gone] = [pick(clients), date(), anyId(members), chance(0.2), chance(0.2)];
    await sql(
      `WITH intake AS (INSERT INTO immigration_institute_intake (intake_date, institute_id) VALUES ($1, $2) RETURNING id)
       INSERT INTO immigration_collegeapplication (client_id, application_type_id, stage_id, institute_id, course_id,
         location_id, start_date_id, total_tuition_fee, assigned_to_id, deleted_at)
       SELECT $3, $4, $5, $2, $6, $7, id, 1, $8, CASE WHEN $9 THEN now() END FROM intake`,
      [
        ...[due, choice.institute_id, client.id, choice.application_type_id, done ? last : choice.stage_id],
        ...[choice.course_id, choice.location_id, own, gone],
      ],
    );
    if (!done && !gone) show('INTAKE', id, due, own, client);
  }
  return { shown, visas };
}

async function dealTasks({ members, sql }: Agency, clients: readonly Client[], zone: string, now: number) {
  const shown: Deadline[] = [];
  for (let id = 1; id <= OF_EACH; id++) {
    const moment =
      Math.floor(now / 1000) * 1000 + pick([-1, 1]) * Math.ceil(Math.random() * 200 * 24 * 60) * MINUTE;
    const [assignee, branch] = chance(0.5) ? [anyId(members), null] : [null, pickOrNull([1, 2, 3])];
    const [by, creator, client] = [anyId(members), anyId(members), pickOrNull(clients)];
    const status = pick(['PENDING', 'IN_PROGRESS', 'OVERDUE', 'COMPLETED', 'CANCELLED']);
    await sql(
      `INSERT INTO immigration_task (title, due_date, status, assigned_to_id, branch_id, assigned_by_id, created_by_id,
         content_type_id, object_id)
       VALUES ('x', $1, $2, $3, $4, $5, $6, CASE WHEN $7::integer IS NOT NULL THEN ${CLIENT} END, $7)`,
      [new Date(moment), status, assignee, branch, by, creator, client?.id ?? null],
    );
    if (status === 'COMPLETED' || status === 'CANCELLED') continue;
    shown.push({
      ...{ kind: 'TASK', id, date: clock(zone, moment).slice(0, 10), moment, assignee, branch },
      client: client ?? undefined,
      sees(member, agency) {
        const scope = branchesOf(member, agency);
        const there = member.branches.filter((one) =>
          agency.branches.some((b) => b.id === one && !b.isDeleted),
        );
        const own = member.group === null ? [] : [...scope, ...there];
        const person = agency.members.find((one) => one.id === assignee);
        const managed = person?.branches.some((one) => scope.includes(one)) === true;
        return (
          seesAll(member) ||
          [assignee, by, creator].includes(member.id) ||
          (branch !== null && own.includes(branch)) ||
          (member.group === 'REGION_MANAGER' && managed)
        );
      },
    });
  }
  return shown;
}

async function dealReminders(
  { members, sql }: Agency,
  clients: readonly Client[],
  visas: readonly Client[],
  date: () => string,
  zone: string,
) {
  const shown: Deadline[] = [];
  for (let id = 1; id <= OF_EACH; id++) {
    const [due, time] = [date(), pick([null, '09:30', '18:45'])];
    const [creator, done] = [anyId(members), chance(0.2)];
    const kind = pick([CLIENT, CLIENT, BRANCH, VISA_APPLICATION]);
    const object = 1 + Math.floor(Math.random() * (kind === BRANCH ? 3 : OF_EACH));
    await sql(
      `INSERT INTO immigration_reminder
         (title, reminder_date, reminder_time, created_by_id, is_completed, content_type_id, object_id)
       VALUES ('x', $1, $2, $3, $4, $5, $6)`,
      [due, time, creator, done, kind, object],
    );
    if (done) continue;
    const client =
      kind === CLIENT ? clients[object - 1] : kind === VISA_APPLICATION ? visas[object - 1] : undefined;
    shown.push({
      ...{ kind: 'REMINDER', id, date: due, moment: time && momentOf(zone, due, time), client, branch: null },
      assignee: creator,
      sees: (member, agency) =>
        seesAll(member) ||
        creator === member.id ||
        (kind === BRANCH && branchesOf(member, agency).includes(object)),
    } as Deadline);
  }
  return shown;
}

/** Returns what a member sees of it. */
function shownTo(member: Member, agency: Agency, one: Deadline, today: string, now: number) {
  // An invisible client adds nothing to the visibility of its records.
  const client = inScope(member, one.client, agency) ? one.client : undefined;
  return {
    record: `${one.kind} ${one.id}`,
    client: client?.id ?? null,
    due: one.date,
    at: one.moment,
    left: (Date.parse(one.date) - Date.parse(today)) / DAY,
    overdue: one.moment === null ? one.date < today : one.moment < now,
    assignee: one.assignee ?? (one.kind === 'REMINDER' ? (client?.assignee ?? null) : null),
    branch: one.branch ?? client?.branch ?? null,
  };
}
type Shown = ReturnType<typeof shownTo>;

const order = (a: Shown, b: Shown) =>
  a.due.localeCompare(b.due) ||
  (a.at ?? Number.POSITIVE_INFINITY) - (b.at ?? Number.POSITIVE_INFINITY) ||
  (a.record.split(' ')[0] as string).localeCompare(b.record.split(' ')[0] as string) ||
  Number(a.record.split(' ')[1]) - Number(b.record.split(' ')[1]);

interface Answered {
  readonly kind: string;
  readonly record_id: number;
  readonly client: number | null;
  readonly due_date: string;
  readonly due_at: string | null;
  readonly days_left: number;
  readonly is_overdue: boolean;
  readonly assigned_to: number | null;
  readonly branch: number | null;
}

const answered = (one: Answered): Shown => ({
  record: `${one.kind} ${one.record_id}`,
  client: one.client,
  due: one.due_date,
  at: one.due_at === null ? null : Date.parse(one.due_at),
  left: one.days_left,
  overdue: one.is_overdue,
  assignee: one.assigned_to,
  branch: one.branch,
});

test('it holds what the rules say, for everybody and with every filter', { timeout: 240_000 }, async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const agency = await deal();
    const zone = pick(ZONES);
    await agency.sql('UPDATE public.tenants_tenant SET settings = $1', [{ time_zone: zone }]);
    const clients = await dealClients(agency);
    const now = Date.now();
    const today = clock(zone, now).slice(0, 10);
    const date = () => dateAfter(today, Math.floor(Math.random() * 300) - 120);
    await agency.sql(
      'TRUNCATE immigration_visaapplication, immigration_collegeapplication RESTART IDENTITY CASCADE',
    );
    const { shown, visas } = await dealExpiring(agency, clients, date);
    shown.push(...(await dealTasks(agency, clients, zone, now)));
    shown.push(...(await dealReminders(agency, clients, visas, date, zone)));
    const asked: [string, (one: Shown) => boolean][] = [
      ['', ({ left }) => left <= 90],
      ['&overdue=true', ({ overdue }) => overdue],
      ['&overdue=false&days=30', ({ overdue, left }) => !overdue && left <= 30],
      ['&days=400&kind=TASK&kind=VISA', ({ record }) => /^(TASK|VISA)/.test(record)],
      ['&days=400&kind=REMINDER&branch=2', ({ record, branch }) => /^REM/.test(record) && branch === 2],
      ['&branch=1', ({ branch, left }) => branch === 1 && left <= 90],
      ['&assigned_to=6&days=0', ({ assignee, left }) => assignee === 6 && left <= 0],
    ];
    for (const member of agency.members) {
      const all = shown
        .filter((one) => mayView(member, one.kind))
        .filter((one) => inScope(member, one.client, agency) || one.sees(member, agency))
        .map((one) => shownTo(member, agency, one, today, now))
        .sort(order);
      for (const [query, fits] of asked) {
        const path = `/api/v1/deadlines/?page_size=100${query}`;
        const found: Shown[] = [];
        let count = 0;
        for (let next: string | null = path; next; ) {
          const { status, body } = await app.ask('GET', next, { token: member.token });
          if (member.group === null && !member.isSuperuser) {
            expect(status).toBe(403);
            break;
          }
          count = body.count;
          found.push(...body.results.map(answered));
          next = body.next?.slice(body.next.indexOf('/api/'));
        }
        const expected = member.group === null && !member.isSuperuser ? [] : all.filter(fits);
        expect([zone, member.username, query, count, found]).toEqual([
          ...[zone, member.username, query],
          ...[expected.length, expected],
        ]);
      }
    }
  }
});
