import type { TSchema } from '@sinclair/typebox';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../helpers/app.js';

/** Fields of bodies that their answers show in another form, or never. */
const NOT_SHOWN: Readonly<Record<string, readonly string[]>> = {
  users: ['password', 'current_password', 'invite', 'group_name', 'branch_ids', 'region_ids'],
  groups: ['permission_ids'],
  passports: ['remind_days_before'],
  'language-proficiencies': ['remind_days_before'],
};

/** Fields of answers that only the program sets, besides those that every resource has. */
const READ_ONLY: Readonly<Record<string, readonly string[]>> = {
  regions: ['branch_count'],
  'visa-applications': ['visa_category_name'],
  users: [
    'full_name',
    'groups_list',
    'primary_group',
    'branches_data',
    'regions_data',
    'user_permissions_list',
    'is_staff',
    'is_superuser',
    'date_joined',
    'last_login',
  ],
  groups: ['permissions_list', 'permissions_count', 'users_count'],
  tasks: ['assigned_to_branch', 'comments', 'content_type', 'object_id', 'completed_at'],
  events: ['duration', 'duration_minutes', 'branch', 'is_past', 'is_ongoing', 'is_upcoming'],
  notes: ['author'],
  reminders: ['notification_created'],
  'application-types': ['stages_count', 'has_applications'],
  stages: ['is_final_stage'],
  'college-applications': ['stage', 'stage_position', 'is_final_stage', 'intake_date'],
  webhooks: ['is_active', 'disabled_reason', 'failures', 'secret_set_at', 'previous_secret_until', 'secret'],
};

/** Fields that every resource may have and only the program sets, and what is derived from a field by its name. */
const ALWAYS_READ_ONLY = /^(id|created_at|created_by|updated_at|updated_by|deleted_at)$/;
const DERIVED = /_(name|full_name|display|title)$/;
const RESOURCE = /^\/api\/v1\/([a-z-]+)\/$/;

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

interface Resource {
  readonly writable: ReadonlySet<string>;
  readonly shown: ReadonlySet<string>;
}

/** Returns what can be written and what is shown of each resource that is created by a POST to its list. */
function resources(): [string, Resource][] {
  return app.app.routes.flatMap(({ method, path, body, response, upload }): [string, Resource][] => {
    const resource = RESOURCE.exec(path)?.[1];
    if (method !== 'POST' || !resource || !body || !response || upload) return [];
    const bodies = app.app.routes.filter((other) => other.body && [path, `${path}:id/`].includes(other.path));
    const writable = new Set(bodies.flatMap(({ body }) => Object.keys(body?.shape ?? {})));
    return [[resource, { writable, shown: new Set(Object.keys(propertiesOf(response))) }]];
  });
}
const propertiesOf = (schema: TSchema): Readonly<Record<string, TSchema>> => schema.properties ?? {};

test('a field that can be written is shown', () => {
  const forgotten = resources().flatMap(([resource, { writable, shown }]) =>
    [...writable]
      .filter((name) => !(shown.has(name) || shown.has(name.replace(/_id$/, ''))))
      .filter((name) => !NOT_SHOWN[resource]?.includes(name))
      .map((name) => `${resource}: ${name}`),
  );
  expect(forgotten).toEqual([]);
});

test('a field that is shown can be written, or is named as one that only the program sets', () => {
  const forgotten = resources().flatMap(([resource, { writable, shown }]) =>
    [...shown]
      .filter((name) => !(writable.has(name) || writable.has(`${name}_id`)))
      .filter((name) => !(ALWAYS_READ_ONLY.test(name) || DERIVED.test(name)))
      .filter((name) => !READ_ONLY[resource]?.includes(name))
      .map((name) => `${resource}: ${name}`),
  );
  expect(forgotten).toEqual([]);
});

test('what is named here exists', () => {
  const known = new Map(resources());
  const named = (lists: typeof READ_ONLY) =>
    Object.entries(lists).flatMap(([resource, names]) => names.map((name) => [resource, name] as const));
  expect(named(NOT_SHOWN).filter(([resource, name]) => !known.get(resource)?.writable.has(name))).toEqual([]);
  expect(named(READ_ONLY).filter(([resource, name]) => !known.get(resource)?.shown.has(name))).toEqual([]);
});
