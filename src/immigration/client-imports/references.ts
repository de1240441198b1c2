import type { CurrentUser } from '../../auth/current-user.js';
import { covers, scopeOf } from '../../auth/scope.js';
import { foldText } from '../../database/folding.js';
import { type Sql, sql } from '../../database/sql.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import type { FieldErrors } from '../../http/errors.js';
import { isId } from '../../http/path-id.js';
import { mapInSlices, TimeSlices } from '../../platform/time-slices.js';
import { type Assignee, assignmentRefusal, disabledAssigneeText } from '../shared/assignment.js';
import { CLIENT_LINKS, type ClientLink } from '../shared/client-fields.js';
import type { Given } from './cells.js';

export type ReferencedIds = Partial<Record<ClientLink, number | null>>;

interface ReferenceCandidate {
  readonly id: number;
  /** Its possible names in a file. */
  readonly names: readonly string[];
  readonly assignee?: Assignee;
}

interface Wanted {
  readonly ids: readonly number[];
  /** Folded names. */
  readonly names: readonly string[];
}

/** The records of one kind, found by id and by name without looking at each. */
class Candidates {
  readonly #byId = new Map<number, ReferenceCandidate>();
  readonly #byExactName = new Map<string, ReferenceCandidate[]>();
  readonly #byFoldedName = new Map<string, ReferenceCandidate[]>();

  static async of(records: readonly ReferenceCandidate[]): Promise<Candidates> {
    const candidates = new Candidates();
    const slices = new TimeSlices();
    for (const record of records) {
      candidates.#byId.set(record.id, record);
      for (const name of new Set(record.names.map(exactForm))) addTo(candidates.#byExactName, name, record);
      for (const name of new Set(record.names.map(foldText))) addTo(candidates.#byFoldedName, name, record);
      if (slices.isOver) await slices.next();
    }
    return candidates;
  }

  withId(id: number): ReferenceCandidate | undefined {
    return this.#byId.get(id);
  }

  /** Returns the records with exactly this name in any case or, if there is none, those with a similar name. */
  named(name: string): readonly ReferenceCandidate[] {
    return this.#byExactName.get(exactForm(name)) ?? this.#byFoldedName.get(foldText(name)) ?? [];
  }
}

const exactForm = (name: string) => name.normalize('NFC').toLowerCase();

function addTo(map: Map<string, ReferenceCandidate[]>, name: string, record: ReferenceCandidate): void {
  const same = map.get(name);
  if (same) same.push(record);
  else map.set(name, [record]);
}

/** The records that rows of a file reference, by id or by name, read once for many rows. */
export class References {
  private constructor(
    private readonly user: CurrentUser,
    private readonly found: Readonly<Record<ClientLink, Candidates>>,
  ) {}

  /** Reads the referenced records: at most one statement for each kind, all in one round trip. */
  static async read(
    transaction: TenantTransaction,
    user: CurrentUser,
    rows: readonly Given[],
  ): Promise<References> {
    const queries = CLIENT_LINKS.map(async (field) => {
      const texts = [...new Set(rows.map((row) => row[field]).filter((text) => text !== undefined))];
      if (texts.length === 0) return [field, await Candidates.of([])] as const;
      const ids = texts.map(idIn).filter((id) => id !== null);
      const names = await mapInSlices(texts, foldText);
      return [field, await Candidates.of(await transaction.query(QUERIES[field]({ ids, names })))] as const;
    });
    const found = Object.fromEntries(await Promise.all(queries)) as Record<ClientLink, Candidates>;
    return new References(user, found);
  }

  /** Resolves a row's references to ids; unknown records and ambiguous names become errors under their fields. */
  resolve(given: Given): { readonly ids: ReferencedIds; readonly errors: FieldErrors } {
    const ids: ReferencedIds = {};
    const errors: FieldErrors = {};
    for (const field of CLIENT_LINKS) {
      const text = given[field];
      if (text === undefined) continue;
      const result = this.#find(field, text);
      if (typeof result === 'number') ids[field] = result;
      else errors[field] = [result];
    }
    return { ids, errors };
  }

  /**
   * Returns why the user may not reference these records, in the words of the API; for an existing client only changes
   * are checked.
   */
  refusals(ids: ReferencedIds, before: ReferencedIds = {}): FieldErrors {
    const errors: FieldErrors = {};
    const { branch_id: branch, assigned_to_id: assignee } = ids;
    if (typeof branch === 'number' && branch !== before.branch_id && !covers(scopeOf(this.user), branch)) {
      errors.branch_id = [`User ${this.user.username} does not have permission to access branch ${branch}`];
    }
    if (typeof assignee === 'number' && assignee !== before.assigned_to_id) {
      const found = this.found.assigned_to_id.withId(assignee)?.assignee;
      const refusal = found && assignmentRefusal(this.user, found, 'clients');
      if (refusal) errors.assigned_to_id = [refusal];
      else if (found && !found.isActive) errors.assigned_to_id = [disabledAssigneeText(assignee)];
    }
    return errors;
  }

  /** Returns the id, or an error. */
  #find(field: ClientLink, text: string): number | string {
    const id = idIn(text);
    const records = this.found[field];
    if (id !== null && records.withId(id)) return id;
    const [first, second] = records.named(text);
    if (first && second) return `"${text}" is the name of several records; give the id.`;
    if (first) return first.id;
    if (id === null) return `Invalid name "${text}" - object does not exist.`;
    return field === 'assigned_to_id'
      ? `Assigned user with id=${id} does not exist`
      : `Invalid pk "${id}" - object does not exist.`;
  }
}

function idIn(text: string): number | null {
  const id = /^\d{1,16}$/.test(text) ? Number(text) : 0;
  return isId(id) ? id : null;
}

/** Returns the condition that a text, once folded, is one of these. */
function isNamed(text: Sql, folded: readonly string[]): Sql<boolean> {
  return sql`public.fold_text(${text}) = ANY (${folded}::text[])`;
}

/** The query for the candidates of each field. */
const QUERIES: Readonly<Record<ClientLink, (wanted: Wanted) => Sql<ReferenceCandidate>>> = {
  visa_category_id: ({ ids, names }: Wanted) => sql<ReferenceCandidate>`
    SELECT id, array_remove(ARRAY[name, code]::text[], NULL) AS names FROM immigration_visacategory
    WHERE id = ANY (${ids}::bigint[]) OR ${isNamed(sql`name`, names)} OR ${isNamed(sql`code`, names)}`,

  agent_id: ({ ids, names }: Wanted) => sql<ReferenceCandidate>`
    SELECT id, ARRAY[agent_name]::text[] AS names FROM immigration_agent
    WHERE deleted_at IS NULL AND (id = ANY (${ids}::bigint[]) OR ${isNamed(sql`agent_name`, names)})`,

  branch_id: ({ ids, names }: Wanted) => sql<ReferenceCandidate>`
    SELECT id, ARRAY[name]::text[] AS names FROM immigration_branch
    WHERE deleted_at IS NULL AND (id = ANY (${ids}::bigint[]) OR ${isNamed(sql`name`, names)})`,

  assigned_to_id: ({ ids, names }: Wanted) => sql<ReferenceCandidate>`
    SELECT u.id, ARRAY[u.username, u.email, trim(u.first_name || ' ' || u.last_name)]::text[] AS names,
      json_build_object(
        'isActive', u.is_active, 'branches', ARRAY(SELECT branch_id FROM immigration_user_branches WHERE user_id = u.id),
        'regions', ARRAY(SELECT region_id FROM immigration_user_regions WHERE user_id = u.id)) AS assignee
    FROM immigration_user u
    WHERE u.id = ANY (${ids}::bigint[]) OR ${isNamed(sql`u.username`, names)}
      OR ${isNamed(sql`u.email`, names)} OR ${isNamed(sql`trim(u.first_name || ' ' || u.last_name)`, names)}`,
};
