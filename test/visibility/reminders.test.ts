import { afterAll, expect, test } from 'vitest';
import {
  type Agency,
  branchesOf,
  hasInScope,
  type Member,
  pick,
  pickOrNull,
  seesAll,
  some,
  startDealing,
} from './agency.js';

// Compares the visibility of reminders with the rules in plain words, in random agencies.

const ROUNDS = 5;
const REMINDERS = 40;
const PATH = '/api/v1/reminders/';
const { app, deal } = await startDealing();
afterAll(() => app.close());

interface Client {
  readonly id: number;
  readonly branch: number | null;
  readonly isDeleted: boolean;
}

interface Reminder {
  readonly id: number;
  readonly creator: Member | null;
  readonly type: number;
  readonly object: number;
}

async function dealClients({ sql }: Agency): Promise<Client[]> {
  const clients = Array.from({ length: 8 }, (_, index) => ({
    id: index + 1,
    branch: pickOrNull([1, 2, 3]),
    isDeleted: Math.random() < 0.2,
  }));
  await sql('TRUNCATE immigration_client RESTART IDENTITY CASCADE');
  await sql(
    `INSERT INTO immigration_client (first_name, branch_id, deleted_at)
     SELECT 'x', (c ->> 'branch')::bigint, CASE WHEN (c ->> 'isDeleted')::boolean THEN now() END
     FROM jsonb_array_elements($1) WITH ORDINALITY AS a (c, n) ORDER BY n`,
    [JSON.stringify(clients)],
  );
  await sql(
    `INSERT INTO immigration_qualification (client_id) SELECT id FROM immigration_client ORDER BY id`,
  );
  return clients;
}

/** By content type: whether a record of it is in a member's scope. */
const IN_SCOPE: Record<
  number,
  (member: Member, id: number, agency: Agency, clients: readonly Client[]) => boolean
> = {
  10: (member, id, agency, clients) => {
    const client = clients.find((one) => one.id === id);
    return (
      client?.isDeleted === false &&
      client.branch !== null &&
      branchesOf(member, agency).includes(client.branch)
    );
  },
  // A qualification has the id of its client here.
  22: (...given) => IN_SCOPE[10]?.(...given) === true,
  3: (member, id, agency) => branchesOf(member, agency).includes(id),
  1: (member, id, agency) => {
    const other = agency.members.find((one) => one.id === id);
    return other !== undefined && (other.id === member.id || hasInScope(member, other, agency));
  },
  2: () => false,
};

async function dealReminders({ members, sql }: Agency): Promise<Reminder[]> {
  const reminders = Array.from({ length: REMINDERS }, (_, index) => ({
    id: index + 1,
    creator: pickOrNull(members),
    type: Number(pick(Object.keys(IN_SCOPE))),
    object: 1 + Math.floor(Math.random() * 9), // of clients there are eight
  }));
  await sql('TRUNCATE immigration_reminder RESTART IDENTITY CASCADE');
  await sql(
    `INSERT INTO immigration_reminder (title, created_by_id, content_type_id, object_id)
     SELECT 'x', (e -> 'creator' ->> 'id')::bigint, (e ->> 'type')::integer, (e ->> 'object')::integer
     FROM jsonb_array_elements($1) WITH ORDINALITY AS a (e, n) ORDER BY n`,
    [JSON.stringify(reminders)],
  );
  return reminders;
}

test('lists, counts and details hold what the rules say, for everybody', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const agency = await deal();
    const clients = await dealClients(agency);
    const reminders = await dealReminders(agency);
    for (const member of agency.members) {
      const sees = ({ creator, type, object }: Reminder) =>
        creator?.id === member.id ||
        seesAll(member) ||
        IN_SCOPE[type]?.(member, object, agency, clients) === true;
      const ids = reminders.filter(sees).map(({ id }) => id);
      const ask = (path: string) => app.ask('GET', PATH + path, { token: member.token });
      const { body } = await ask('?page_size=50&ordering=id');
      expect([member.username, body.count, body.results.map(({ id }: { id: number }) => id)]).toEqual([
        member.username,
        ids.length,
        ids,
      ]);
      for (const reminder of some(reminders, 0.2)) {
        const { status } = await ask(`${reminder.id}/`);
        expect([member.username, reminder, status]).toEqual([
          member.username,
          reminder,
          sees(reminder) ? 200 : 404,
        ]);
      }
    }
  }
}, 120_000);
