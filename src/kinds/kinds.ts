import { TENANT_COLUMNS } from '../database/generated/columns.js';
import { CONTENT_TYPES } from '../database/generated/content-types.js';
import type { TenantTables } from '../database/generated/tables.js';
import { type Sql, sql } from '../database/sql.js';

// The kinds of records that agencies have, one entry each. What several parts of the program need to know about a kind
// stands here; foreign keys, soft deletion and logging are known from the migrations (database/generated/).

/** The name of a kind in content types and permissions: `visaapplication`. */
export type Model = keyof typeof CONTENT_TYPES;
type Table = keyof TenantTables;

interface KindEntry<T extends Table> {
  readonly table: T;
  /**
   * The kind that its records are parts of: they are reached as that record is, and do not keep it from being deleted.
   * Compulsory for what belongs to clients.
   */
  readonly of?: Model;
  /** The API's word for one of them, where it is not that of the permissions. */
  readonly called?: string;
  /** The verb of its records in the refusal to delete one that they refer to; "<many> use" unless given. */
  readonly use?: string;
  /** SQL for the name of a record, in terms of its own columns. */
  readonly name?: Sql<string>;
  /** The rule for which records a user reaches; without it, and without `of`, they belong to the agency as a whole. */
  readonly reach?: 'user' | 'client' | 'branch' | 'region' | 'task' | 'calendar' | 'creator' | 'assignee';
  /** The answer to those who link to a record out of scope; 404, as if it did not exist, unless given. */
  readonly outOfScope?: 403;
  /** Says that its rows are never deleted, and that the tenant's role may not lock them. */
  readonly permanent?: true;
}

type Entry = {
  [T in Table]: KindEntry<T> & (TenantTables[T] extends { client_id: number } ? { of: 'client' } : object);
}[Table];

const ENTRIES = {
  user: {
    table: 'immigration_user',
    name: sql`coalesce(nullif(trim(concat_ws(' ', first_name, last_name)), ''), username)`,
    reach: 'user',
  },
  agent: { table: 'immigration_agent', name: sql`agent_name` },
  branch: { table: 'immigration_branch', name: sql`name`, use: 'has branches', reach: 'branch' },
  broadfield: { table: 'immigration_broad_field', name: sql`name` },
  visacategory: { table: 'immigration_visacategory', name: sql`name` },
  visatype: { table: 'immigration_visatype', name: sql`name`, use: 'has visa types' },
  client: {
    table: 'immigration_client',
    name: sql`trim(concat_ws(' ', first_name, last_name))`,
    use: 'clients have',
    reach: 'client',
    outOfScope: 403,
  },
  courselevel: { table: 'immigration_course_level', name: sql`name` },
  institute: { table: 'immigration_institute', name: sql`name` },
  lpe: { table: 'immigration_lpe', called: 'language exam', name: sql`name` },
  region: { table: 'immigration_region', name: sql`name`, reach: 'region' },
  profilepicture: { table: 'immigration_profilepicture', of: 'client', outOfScope: 403 },
  narrowfield: { table: 'immigration_narrow_field', of: 'broadfield', name: sql`name` },
  instituterequirement: { table: 'immigration_institute_requirement', of: 'institute' },
  institutelocation: { table: 'immigration_institute_location', of: 'institute' },
  instituteintake: { table: 'immigration_institute_intake', of: 'institute' },
  institutecontactperson: { table: 'immigration_institute_contact_person', of: 'institute', name: sql`name` },
  course: { table: 'immigration_course', of: 'institute', name: sql`name` },
  visaapplication: {
    table: 'immigration_visaapplication',
    of: 'client',
    use: 'applications use',
    outOfScope: 403,
  },
  task: { table: 'immigration_task', name: sql`title`, reach: 'task' },
  reminder: { table: 'immigration_reminder', name: sql`title`, reach: 'creator' },
  qualification: { table: 'immigration_qualification', of: 'client', outOfScope: 403 },
  proficiency: {
    table: 'immigration_proficiency',
    of: 'client',
    use: 'clients have taken',
    outOfScope: 403,
  },
  passport: { table: 'immigration_passport', of: 'client', outOfScope: 403 },
  notification: { table: 'immigration_notification', reach: 'assignee' },
  note: { table: 'immigration_note', of: 'client' },
  event: { table: 'immigration_event', permanent: true },
  employment: { table: 'immigration_employment', of: 'client', outOfScope: 403 },
  clientactivity: { table: 'immigration_clientactivity', of: 'client', permanent: true },
  applicationtype: { table: 'immigration_applicationtype', name: sql`title` },
  stage: { table: 'immigration_stage', of: 'applicationtype', name: sql`stage_name` },
  collegeapplication: {
    table: 'immigration_collegeapplication',
    of: 'client',
    use: 'applications use',
    outOfScope: 403,
  },
  calendarevent: { table: 'immigration_calendar_event', called: 'event', reach: 'calendar', outOfScope: 403 },
  group: { table: 'auth_group', name: sql`name` },
  permission: { table: 'auth_permission', name: sql`name` },
} as const satisfies Readonly<Record<Model, Entry>>;

/** A kind of records, with what follows from its entry and its migration. */
export interface Kind extends Omit<KindEntry<Table>, 'called'> {
  readonly model: Model;
  readonly app: 'immigration' | 'auth';
  /** The API's word for one of them, in lower case: `visa application`. */
  readonly called: string;
  /** At the beginning of a sentence: `Visa application`. */
  readonly thing: string;
  /** With its article: `a visa application`. */
  readonly one: string;
  /** In the plural: `visa applications`. */
  readonly many: string;
  readonly softDelete: boolean;
}

/** The kinds, by model. */
export const KINDS = Object.fromEntries(
  Object.entries(ENTRIES).map(([model, entry]) => [model, kindOf(model as Model, entry)]),
) as { readonly [M in Model]: Kind & (typeof ENTRIES)[M] };

function kindOf(model: Model, entry: KindEntry<Table>): Kind {
  const { app, name } = CONTENT_TYPES[model];
  const softDelete = TENANT_COLUMNS[entry.table]?.some((column) => column.name === 'deleted_at') ?? false;
  const called = entry.called ?? name.toLowerCase();
  const thing = called.charAt(0).toUpperCase() + called.slice(1);
  const one = `${/^[aeio]/.test(called) ? 'an' : 'a'} ${called}`;
  return { ...entry, model, app, called, thing, one, many: pluralOf(called), softDelete };
}

function pluralOf(noun: string): string {
  if (/(ch|s)$/.test(noun)) return `${noun}es`;
  return noun.endsWith('y') ? `${noun.slice(0, -1)}ies` : `${noun}s`;
}

/** Returns the kind whose records are the rows of a table, if any. */
export function kindOfTable(table: string): Kind | undefined {
  return Object.values(KINDS).find((kind) => kind.table === table);
}
