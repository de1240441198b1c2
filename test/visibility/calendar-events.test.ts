import { afterAll, expect, test } from 'vitest';
import { type Agency, hasInScope, type Member, pickOrNull, seesAll, some, startDealing } from './agency.js';

// Compares the visibility of calendar events with the rules in plain words, in random agencies.

const ROUNDS = 6;
const EVENTS = 25;
const PATH = '/api/v1/events/';
const { app, deal } = await startDealing();
afterAll(() => app.close());

interface Event {
  readonly id: number;
  readonly creator: Member | null;
  readonly assignee: Member | null;
}

/** Grants the permission to random users, besides those whose group has it. */
async function dealTeamView(agency: Agency): Promise<Set<number>> {
  const { members, sql } = agency;
  await sql('DELETE FROM immigration_user_user_permissions');
  const given = some(members).map(({ id }) => id);
  await sql(
    `INSERT INTO immigration_user_user_permissions (user_id, permission_id)
     SELECT unnest($1::bigint[]), id FROM auth_permission WHERE codename = 'view_team_events'`,
    [given],
  );
  const byGroup = members.filter(
    ({ group, isSuperuser }) => isSuperuser || group === 'SUPER_ADMIN' || group === 'BRANCH_ADMIN',
  );
  return new Set([...given, ...byGroup.map(({ id }) => id)]);
}

async function dealEvents({ members, sql }: Agency): Promise<Event[]> {
  const events = Array.from({ length: EVENTS }, (_, index) => ({
    id: index + 1,
    creator: pickOrNull(members),
    assignee: pickOrNull(members),
  }));
  await sql('TRUNCATE immigration_calendar_event RESTART IDENTITY');
  await sql(
    `INSERT INTO immigration_calendar_event (title, start, "end", created_by_id, assigned_to_id)
     SELECT 'x', now() + interval '1 hour', now() + interval '2 hours',
            (e -> 'creator' ->> 'id')::bigint, (e -> 'assignee' ->> 'id')::bigint
     FROM jsonb_array_elements($1) WITH ORDINALITY AS a (e, n) ORDER BY n`,
    [JSON.stringify(events)],
  );
  return events;
}

test('lists, counts and details hold what the rules say, for everybody', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const agency = await deal();
    const team = await dealTeamView(agency);
    const events = await dealEvents(agency);
    for (const member of agency.members) {
      const sees = ({ creator, assignee }: Event) =>
        creator?.id === member.id ||
        assignee?.id === member.id ||
        (team.has(member.id) &&
          (seesAll(member) || (assignee !== null && hasInScope(member, assignee, agency))));
      const ids = events.filter(sees).map(({ id }) => id);
      const ask = (path: string) => app.ask('GET', PATH + path, { token: member.token });
      for (const path of ['?page_size=100', 'upcoming/?page_size=100']) {
        const { body } = await ask(path);
        const shown = body.results.map(({ id }: { id: number }) => id);
        expect([body.count, shown.sort((a: number, b: number) => a - b)], member.username).toEqual([
          ids.length,
          ids,
        ]);
      }
      for (const event of some(events)) {
        const { status } = await ask(`${event.id}/`);
        expect([member.username, event.id, status]).toEqual([
          member.username,
          event.id,
          sees(event) ? 200 : 403,
        ]);
      }
    }
  }
}, 120_000);
