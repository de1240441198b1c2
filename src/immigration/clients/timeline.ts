import { type Static, Type } from '@sinclair/typebox';
import type { CurrentUser } from '../../auth/current-user.js';
import { allOf } from '../../database/conditions.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { component } from '../../http/component.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import { allows, requires } from '../../routing/policy.js';
import { checkReadable, clientBranch } from '../shared/client-access.js';
import { columnsOf, select } from '../shared/columns.js';
import { display } from '../shared/display.js';
import { named } from '../shared/names.js';
import { idOutput, labelOutput, nameOutput, readOnly, relatedOutput, timeOutput } from '../shared/output.js';
import { pageOf, pageRows } from '../shared/page-of.js';

const ACTIVITY_TYPES = [
  'NOTE_ADDED',
  'NOTE_EDITED',
  'NOTE_DELETED',
  'STAGE_CHANGED',
  'ASSIGNED',
  'PROFILE_PICTURE_UPLOADED',
  'PASSPORT_UPDATED',
  'PROFICIENCY_ADDED',
  'QUALIFICATION_ADDED',
  'VISA_APPLICATION_CREATED',
  'COLLEGE_APPLICATION_CREATED',
  'TASK_CREATED',
  'TASK_COMPLETED',
  'CLIENT_DELETED',
] as const;

/** The permissions to view the records that entries are about, beside the client itself. */
const VIEWING = {
  note: requires('view_note'),
  visaapplication: requires('view_visaapplication'),
  collegeapplication: requires('view_collegeapplication'),
  task: requires('view_task'),
};
type EntryKind = keyof typeof VIEWING;
const KINDS = Object.keys(VIEWING) as EntryKind[];

/** The kind of record that an entry is about, by what its metadata names. */
const KINDS_BY_KEY = [
  ['visa_application_id', 'visaapplication'],
  ['application_id', 'collegeapplication'],
  ['task_id', 'task'],
] as const satisfies [string, EntryKind][];
/** The same, by the entry's type. */
const KINDS_BY_TYPE: Readonly<Record<string, EntryKind>> = {
  NOTE_ADDED: 'note',
  NOTE_EDITED: 'note',
  NOTE_DELETED: 'note',
  VISA_APPLICATION_CREATED: 'visaapplication',
  COLLEGE_APPLICATION_CREATED: 'collegeapplication',
  TASK_CREATED: 'task',
  TASK_COMPLETED: 'task',
};

const LABELS = { ASSIGNED: 'Client Assigned', PROFICIENCY_ADDED: 'Language Proficiency Added' };

export const ClientActivityOutput = component(
  'ClientActivityOutput',
  Type.Object({
    id: idOutput(),
    client: Type.Integer(readOnly),
    activity_type: component(
      'ActivityTypeEnum',
      Type.Unsafe<string>({ type: 'string', enum: [...ACTIVITY_TYPES], ...readOnly }),
    ),
    activity_type_display: labelOutput(),
    performed_by: relatedOutput(readOnly),
    performed_by_name: nameOutput(),
    description: Type.String(readOnly),
    metadata: Type.Object({}, { additionalProperties: true, ...readOnly }),
    created_at: timeOutput(),
  }),
);
export type ClientActivityOutput = Static<typeof ClientActivityOutput>;

const { activity_type_display: _, ...rowFields } = ClientActivityOutput.properties;
const COLUMNS = columnsOf('immigration_clientactivity', Type.Object(rowFields), {
  performed_by_name: named('person', 'performed_by_id'),
});

/**
 * Returns a page of a client's history, newest first. The metadata of entries about records of a kind that the user may
 * not view is left out: it is the record as it was.
 * @param types only entries of these types; all when undefined
 * @throws HttpError 404, 403
 */
export async function clientTimeline(
  transaction: TenantTransaction,
  user: CurrentUser,
  clientId: number,
  types: readonly string[] | undefined,
  page: PageRequest,
): Promise<Pending<PageOf<ClientActivityOutput>>> {
  const shown = allOf([
    sql`r.client_id = ${clientId}`,
    types && sql`r.activity_type = ANY (${types}::text[])`,
  ]);
  const finding = transaction.send(clientBranch(clientId));
  const counting = sql<{ count: number }>`
    SELECT count(*) AS count FROM immigration_clientactivity r WHERE ${shown}`;
  const rows = pageRows(
    (rest) => select(COLUMNS, sql`FROM immigration_clientactivity r ${rest}`),
    sql`immigration_clientactivity`,
    shown,
    sql`r.created_at DESC, r.id DESC`,
  );
  const found = finding.and(await pageOf(transaction, counting, rows, page));
  return found.map(([[client], { count, items }]) => {
    checkReadable(user, client);
    const hidden = hiddenKinds(user);
    const labelled = items.map((entry) => ({
      ...entry,
      metadata: hidden.size > 0 && isOf(hidden, entry) ? {} : entry.metadata,
      activity_type_display: display(entry.activity_type, LABELS),
    }));
    return { count, items: labelled };
  });
}

/** Returns the kinds of records with entries that a user may not view. */
function hiddenKinds(user: CurrentUser): ReadonlySet<EntryKind> {
  return new Set(KINDS.filter((kind) => !allows(VIEWING[kind], user)));
}

type Entry = Pick<ClientActivityOutput, 'activity_type' | 'metadata'>;

/** Returns whether an entry is about a record of one of these kinds. */
function isOf(kinds: ReadonlySet<EntryKind>, { activity_type, metadata }: Entry): boolean {
  const ofType = KINDS_BY_TYPE[activity_type];
  const keyed = KINDS_BY_KEY.find(([key]) => Object.hasOwn(metadata, key))?.[1];
  return [ofType, keyed].some((kind) => kind !== undefined && kinds.has(kind));
}
