import { withOwner } from '../../src/database/owner.js';
import { sql } from '../../src/database/sql.js';
import type { TenantTransaction } from '../../src/database/tenant-transaction.js';
import type { RouteDefinition } from '../../src/routing/route.js';
import type { TestApp } from '../helpers/app.js';
import { isRecordRoute, resourceOf, validBody } from '../helpers/routes.js';
import { collegeChoice } from '../helpers/samples/applications.js';
import { SAMPLES, sampleOf } from '../helpers/samples/index.js';
import { idOf, seedStaff } from '../helpers/staff.js';
import { needsOf, ROLES, type Role } from './roles-table.js';

/** A user of each role without further permissions. */
export const ASKING: Readonly<Record<Role, string>> = {
  SUPER_ADMIN: 'admin',
  REGION_MANAGER: 'manager1',
  BRANCH_ADMIN: 'branch1',
  CONSULTANT: 'consultant1',
  none: 'groupless',
};

/**
 * The place of a record: where all users of ASKING work (branch 1 of region 1), or elsewhere (branch 3 of region 2).
 */
export const PLACES = ['in', 'out'] as const;
export type Place = (typeof PLACES)[number];

const BRANCH = { in: 1, out: 3 } as const;
const REGION = { in: 1, out: 2 } as const;
const SOMEBODY_ELSE = 'consultant3';

type Move = (transaction: TenantTransaction, id: number, place: Place, asking: Role) => Promise<unknown>;

/** Returns the owner of a personal record. */
const owner = (place: Place, asking: Role) => idOf(place === 'in' ? ASKING[asking] : SOMEBODY_ELSE);

/** Moves a new sample to its place, where it does not belong to a client; the others belong to everybody. */
const MOVES: Readonly<Record<string, Move>> = {
  '/api/v1/tasks/': (transaction, id, place) =>
    transaction.query(sql`UPDATE immigration_task SET branch_id = ${BRANCH[place]} WHERE id = ${id}`),
  '/api/v1/branches/': async (transaction, id, place) => {
    await transaction.query(sql`UPDATE immigration_branch SET region_id = ${REGION[place]} WHERE id = ${id}`);
    if (place === 'in') await employ(transaction, id);
  },
  '/api/v1/regions/': async (transaction, id, place) => {
    if (place === 'out') return;
    await transaction.query(sql`
      INSERT INTO immigration_user_regions (user_id, region_id) VALUES (${idOf('manager1')}, ${id})`);
    const [branch] = await transaction.query(sql<{ id: number }>`
      INSERT INTO immigration_branch (name, region_id) VALUES (${`Of region ${id}`}, ${id}) RETURNING id`);
    await employ(transaction, (branch as { id: number }).id);
  },
  '/api/v1/users/': (transaction, id, place) =>
    transaction.query(sql`
      WITH joined AS (
        INSERT INTO immigration_user_groups (user_id, group_id)
        SELECT ${id}::bigint, id FROM auth_group WHERE name = 'CONSULTANT')
      INSERT INTO immigration_user_branches (user_id, branch_id) VALUES (${id}, ${BRANCH[place]})`),
  '/api/v1/events/': (transaction, id, place, asking) =>
    transaction.query(sql`
      UPDATE immigration_calendar_event SET created_by_id = ${owner(place, asking)} WHERE id = ${id}`),
  '/api/v1/reminders/': (transaction, id, place) =>
    transaction.query(sql`
      UPDATE immigration_reminder SET object_id = ${CLIENT[place]}, content_type_id = (
        SELECT id FROM django_content_type WHERE app_label = 'immigration' AND model = 'client')
      WHERE id = ${id}`),
  '/api/v1/notifications/': (transaction, id, place, asking) =>
    transaction.query(sql`
      UPDATE immigration_notification SET assigned_to_id = ${owner(place, asking)} WHERE id = ${id}`),
  '/api/v1/sessions/': (transaction, id, place, asking) =>
    transaction.query(sql`
      UPDATE token_blacklist_outstandingtoken SET user_id = ${owner(place, asking)} WHERE id = ${id}`),
  '/api/v1/second-factor/passkeys/': (transaction, id, place, asking) =>
    transaction.query(sql`UPDATE passkey SET user_id = ${owner(place, asking)} WHERE id = ${id}`),
  '/api/v1/client-imports/': (transaction, id, place, asking) =>
    transaction.query(sql`
      UPDATE client_import SET created_by_id = ${owner(place, asking)} WHERE id = ${id}`),
};

/** Makes users whose branches are their scope work there too. */
async function employ(transaction: TenantTransaction, branch: number): Promise<void> {
  const staff = [idOf('branch1'), idOf('consultant1')];
  await transaction.query(sql`
    INSERT INTO immigration_user_branches (user_id, branch_id)
    SELECT staff, ${branch}::bigint FROM unnest(${staff}::bigint[]) staff`);
}

/** Returns whether the place of its record makes a difference to a route. */
export function concernsPlaces(route: RouteDefinition): boolean {
  const { shape = {} } = route.body ?? {};
  if (!isRecordRoute(route))
    return route.method === 'POST' && ('client_id' in shape || 'client' in shape || isNewClient(route));
  return needsOf(resourceOf(route)).elsewhere !== undefined;
}

const isNewClient = ({ method, path }: RouteDefinition) => method === 'POST' && path === '/api/v1/clients/';
const prefixOf = ({ path }: RouteDefinition) => path.slice(0, path.indexOf(':'));

/** The clients in bodies. */
const CLIENT = { in: 1, out: 2 } as const;

/**
 * Creates the staff, one sample of everything with the id 1, and for each route with an id, place and person a record
 * of its own. All of it before the first log-in, so that nobody's branches change while they are cached.
 */
export async function buildWorld(
  app: TestApp,
): Promise<(route: RouteDefinition, place: Place, asking: Role) => number> {
  await seedStaff(app);
  const ids = new Map<string, number>();
  const key = ({ method, path }: RouteDefinition, place: Place, asking: Role) =>
    [method, path, place, asking].join(' ');
  await app.database.tenantTransaction({ schema: 'tenant_main', userId: null }, async (transaction) => {
    for (const place of PLACES) {
      await SAMPLES['/api/v1/clients/']?.create(transaction, { archived: false });
      await moveClients(transaction, place);
    }
    await collegeChoice(transaction); // its parts belong together, and have the id 1
    for (const { create } of Object.values(SAMPLES)) await create(transaction, { archived: false });
    await moveClients(transaction, 'in');
    for (const route of app.app.routes.filter(isRecordRoute)) {
      for (const place of concernsPlaces(route) ? PLACES : (['in'] as const)) {
        let shared: number | undefined;
        for (const asking of ROLES) {
          shared ??= await createAt(transaction, route, place, asking);
          ids.set(key(route, place, asking), shared);
          // Records that are only read may be shared, unless they are personal.
          if (route.method !== 'GET' || prefixOf(route) in MOVES) shared = undefined;
        }
      }
    }
  });
  // Permissions by the group alone.
  await withOwner(app.databases.admin, (client) =>
    client.query('UPDATE tenant_main.immigration_user SET is_superuser = false'),
  );
  return (route, place, asking) => ids.get(key(route, place, asking)) ?? 1;
}

async function createAt(transaction: TenantTransaction, route: RouteDefinition, place: Place, asking: Role) {
  const sample = sampleOf(route.path);
  if (!sample) throw new Error(`no sample for ${route.path}`);
  const id = await sample.create(transaction, { archived: route.path.endsWith('/restore/') });
  await MOVES[prefixOf(route)]?.(transaction, id, place, asking);
  await moveClients(transaction, place);
  return id;
}

/** Moves clients: samples create clients of no branch, and the latest ones go where they belong. */
async function moveClients(transaction: TenantTransaction, place: Place): Promise<void> {
  await transaction.query(
    sql`UPDATE immigration_client SET branch_id = ${BRANCH[place]} WHERE branch_id IS NULL`,
  );
}

let made = 0;

const CSV = `--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nFirst name\r\nMaya\r\n--x--\r\n`;
/** Names that must be new, and their format. */
const NEW = {
  name: () => `Made ${++made}`,
  title: () => `Made ${++made}`,
  agent_name: () => `Made ${++made}`,
  stage_name: () => `Made ${++made}`,
  username: () => `made${++made}`,
  email: () => `made${++made}@example.org`,
} as const;

/** Returns a valid body for the route: names are new, and the client in it is at the place. */
export function bodyFor(route: RouteDefinition, place: Place, record: number): ReturnType<typeof validBody> {
  if (route.path === '/api/v1/client-imports/' && route.upload) return { ...validBody(route), body: CSV };
  const valid = validBody(route);
  if (!route.body || route.upload) return valid;
  const { shape } = route.body;
  const given = Object.fromEntries(Object.entries(valid.body as object).filter(([field]) => field in shape));
  for (const [field, renew] of Object.entries(NEW)) if (field in given) given[field] = renew();
  for (const field of ['client_id', 'client']) if (field in given) given[field] = CLIENT[place];
  if (isNewClient(route)) given.branch_id = BRANCH[place];
  if (route.path === '/api/v1/passports/:client_id/') given.client_id = record;
  if (route.path === '/api/v1/stages/') given.application_type_id = 2; // the type of those to reorder stays as it is
  if (route.path === '/api/v1/stages/reorder/') given.stages = [{ stage_id: 1, new_position: 1 }];
  // Of choices that belong together only all could be changed.
  if (route.method === 'PATCH' && route.path === '/api/v1/college-applications/:id/') {
    return { body: { total_tuition_fee: given.total_tuition_fee } };
  }
  return { ...valid, body: 'confirm' in shape ? { confirm: record } : given };
}
