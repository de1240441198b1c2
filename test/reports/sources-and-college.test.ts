import { afterAll, beforeAll, expect, test } from 'vitest';
import { collegeChoice } from '../helpers/samples/applications.js';
import { insert } from '../helpers/samples/insert.js';
import { pick } from '../visibility/agency.js';
import {
  type Client,
  countOf,
  counts,
  dealClients,
  isIn,
  localDate,
  questions,
  type Setting,
  someMoment,
  startSetting,
  VIEWS,
} from './setting.js';

// Compares the reports on lead sources and college applications with a slow and obvious count of the same random
// records.

const STAGES = ['LEAD', 'FOLLOW_UP', 'CLIENT', 'CLOSE'];

interface Lead {
  readonly stage: string;
  readonly agent: number | null;
  readonly referredBy: string;
  /** The one recorded move, if any. */
  readonly moved: { readonly from: string; readonly to: string } | null;
}
interface Stage {
  readonly id: number;
  readonly name: string;
  readonly position: number;
  readonly type: number;
  readonly title: string;
}

let setting: Setting;
let clients: readonly (Client & Lead)[];
let agents: readonly { id: number; name: string }[];
let stages: readonly Stage[];

beforeAll(async () => {
  setting = await startSetting();
  agents = (await setting.sql(
    `INSERT INTO immigration_agent (agent_name) VALUES ('Agent B'), ('Ang Tsering')
     RETURNING id::integer, agent_name AS name`,
  )) as never;
  clients = await dealClients(setting, 300, () => ({
    stage: pick(STAGES),
    agent: pick([null, null, ...agents.map(({ id }) => id)]),
    referredBy: pick(['', '   ', 'Sita', 'sita ', 'SITA', 'Ang Tsering', 'नेपाल', "=cmd|'/C calc'!A0"]),
    moved: Math.random() < 0.5 ? { from: pick(STAGES), to: pick(STAGES) } : null,
  }));
  await setting.sql(
    `INSERT INTO immigration_clientactivity (client_id, activity_type, description, metadata)
     SELECT (e ->> 'id')::bigint, 'STAGE_CHANGED', format('Client converted to %s from %s', e -> 'moved' ->> 'to', e -> 'moved' ->> 'from'),
            jsonb_build_object('stage', e -> 'moved' ->> 'to')
     FROM jsonb_array_elements($1::jsonb) e WHERE e ->> 'moved' IS NOT NULL`,
    [JSON.stringify(clients)],
  );
});
afterAll(() => setting?.app.close());

test('lead sources', async () => {
  const figures = (some: readonly (Client & Lead)[]) => {
    const became = countOf(
      some,
      ({ stage, moved }) => stage === 'CLIENT' || moved?.from === 'CLIENT' || moved?.to === 'CLIENT',
    );
    return {
      ...Object.fromEntries(
        STAGES.map((stage) => [stage.toLowerCase(), countOf(some, (one) => one.stage === stage)]),
      ),
      clients: some.length,
      became_client: became,
      became_client_percent: some.length === 0 ? null : Math.round((became * 1000) / some.length) / 10,
    };
  };
  const sourceOf = ({ agent, referredBy }: Lead) =>
    agent === null ? `by ${referredBy.trim().toLowerCase()}` : `agent ${agent}`;
  for (const view of VIEWS) {
    for (const asked of questions()) {
      const seen = clients.filter(
        (client) => counts(view, asked, client) && isIn(asked, localDate(client.created)),
      );
      const rows = [...new Set(seen.map(sourceOf))].map((source) => {
        const some = seen.filter((one) => sourceOf(one) === source);
        const { agent, referredBy } = some[0] as Lead;
        const named = agents.find(({ id }) => id === agent)?.name;
        const kind = named ? 'AGENT' : referredBy.trim() === '' ? 'UNKNOWN' : 'REFERRAL';
        // Of several spellings of a name, the alphabetically first.
        const name = named ?? some.map((one) => one.referredBy.trim()).sort()[0];
        return { source: kind, agent, name, ...figures(some) };
      });
      const { status, body } = await setting.ask('lead-sources', view.name, asked);
      expect(status).toBe(200);
      const order = (list: { source: string; name?: string | undefined }[]) =>
        list.toSorted((a, b) => `${a.source} ${a.name}`.localeCompare(`${b.source} ${b.name}`));
      expect(order(body.rows)).toEqual(order(rows));
      const sizes = body.rows.map((row: { clients: number }) => row.clients);
      expect(sizes).toEqual(sizes.toSorted((a: number, b: number) => b - a));
      expect(body.totals).toEqual(figures(seen));
    }
  }
});

test('college applications by type and stage, for those who may see them', async () => {
  const choices = await setting.app.database.tenantTransaction(
    { schema: 'tenant_main', userId: null },
    async (transaction) => {
      const made = [await collegeChoice(transaction), await collegeChoice(transaction)];
      for (const { application_type_id } of made) {
        const next = { stage_name: 'Next', position: 2, application_type_id };
        await insert(transaction, 'immigration_stage', next);
      }
      return made;
    },
  );
  stages = (await setting.sql(
    `SELECT s.id::integer, s.stage_name AS name, s.position, t.id::integer AS type, t.title
     FROM immigration_stage s JOIN immigration_applicationtype t ON t.id = s.application_type_id
     ORDER BY t.title, t.id, s.position`,
  )) as never;
  const applications = Array.from({ length: 300 }, () => {
    const stage = pick(stages);
    const choice = choices.find(({ application_type_id }) => application_type_id === stage.type);
    return {
      ...(choice as (typeof choices)[number]),
      stage_id: stage.id,
      client: pick(clients),
      created: someMoment(),
      isDeleted: Math.random() < 0.1,
    };
  });
  await setting.sql(
    `INSERT INTO immigration_collegeapplication
       (client_id, application_type_id, stage_id, institute_id, course_id, start_date_id, location_id, created_at, deleted_at)
     SELECT (e -> 'client' ->> 'id')::bigint, (e ->> 'application_type_id')::bigint, (e ->> 'stage_id')::bigint,
            (e ->> 'institute_id')::bigint, (e ->> 'course_id')::bigint, (e ->> 'start_date_id')::bigint,
            (e ->> 'location_id')::bigint, to_timestamp((e ->> 'created')::float8 / 1000),
            CASE WHEN (e ->> 'isDeleted')::boolean THEN now() END
     FROM jsonb_array_elements($1::jsonb) e`,
    [JSON.stringify(applications)],
  );
  for (const view of VIEWS) {
    for (const asked of questions()) {
      const { status, body } = await setting.ask('college-applications', view.name, asked);
      // By default neither region managers nor consultants may see them.
      if (!['admin', 'branch3'].includes(view.name)) {
        expect([status, body]).toEqual([
          403,
          { detail: 'You do not have permission to perform this action.' },
        ]);
        continue;
      }
      const seen = applications.filter(
        ({ client, created, isDeleted }) =>
          !isDeleted && counts(view, asked, client) && isIn(asked, localDate(created)),
      );
      const rows = stages
        .map(({ id, name, position, type, title }) => {
          const here = countOf(seen, ({ stage_id }) => stage_id === id);
          const all = countOf(seen, ({ application_type_id }) => application_type_id === type);
          return {
            application_type: type,
            application_type_title: title,
            stage: id,
            stage_name: name,
            stage_position: position,
            applications: here,
            all_applications: all,
            applications_percent: all === 0 ? null : Math.round((here * 1000) / all) / 10,
          };
        })
        .filter((row) => row.applications > 0);
      expect([body.rows, body.totals]).toEqual([rows, { applications: seen.length }]);
    }
  }
});
