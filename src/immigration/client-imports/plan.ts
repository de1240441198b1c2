import type { CurrentUser } from '../../auth/current-user.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { type FieldErrors, HttpError } from '../../http/errors.js';
import { mapInSlices } from '../../platform/time-slices.js';
import { ClientCreate, type ClientCreateInput, ClientPatch } from '../shared/client-fields.js';
import { homeBranch } from '../shared/home-branch.js';
import { cellProblems } from './cell-problems.js';
import { type Given, isTooLong, type Reading, readCells } from './cells.js';
import { BLANK, CLIENT_FIELDS, type ClientValues } from './client-values.js';
import type { FileRow } from './file-row.js';
import { type ClientMatch, Matches, type Target } from './matches.js';
import { fullName } from './names.js';
import { References } from './references.js';

export const DUPLICATES = ['skip', 'update', 'create'] as const;
export type Duplicates = (typeof DUPLICATES)[number];

/** The choices for a row whose e-mail address or phone number belongs only to clients with other names. */
export const OTHER_NAMES = ['create', 'skip', 'match'] as const;
export type OtherName = (typeof OTHER_NAMES)[number];

/** The rules by which an import handles its rows. */
export interface Rules extends Reading {
  readonly headers: readonly string[];
  readonly duplicates: Duplicates;
  readonly otherName: OtherName;
  readonly defaultGender: string;
  readonly defaultCountry: string;
  readonly defaultBranchId: number | null;
}

type Changes = Partial<ClientValues>;

/** A client with another name but the same e-mail address or phone number as a row. */
export interface OtherNamed {
  readonly by: ClientMatch['by'];
  /** Its id, or the row of the file that creates it. */
  readonly client: number | null;
  readonly client_row: number | null;
  readonly client_name: string;
}

/** The planned outcome of a row. */
export type PlannedRow = { readonly row: number; readonly otherName?: OtherNamed | undefined } & (
  | {
      readonly outcome: 'CREATED';
      readonly target: Target & { readonly values: ClientValues };
      readonly values: ClientValues;
    }
  | {
      readonly outcome: 'UPDATED';
      readonly target: Target;
      readonly before: Changes;
      readonly after: Changes;
    }
  | { readonly outcome: 'SKIPPED' | 'FAILED'; readonly problems: FieldErrors; readonly target?: Target }
);

/**
 * Plans the outcomes of these rows, in their order: a row finds what previous rows have created. Locks the clients to
 * be changed until the transaction ends.
 * @param dryRunOf in a dry run the import; null when the plan is about to be written
 */
export async function planRows(
  transaction: TenantTransaction,
  user: CurrentUser,
  rows: readonly FileRow[],
  rules: Rules,
  dryRunOf: number | null,
): Promise<PlannedRow[]> {
  const read = await mapInSlices(rows, (row) => ({ row, ...readCells(row.cells, rules) }));
  const all = read.map(({ given }) => given);
  const lock = rules.duplicates === 'update' && dryRunOf === null;
  const fields = rules.duplicates === 'update' ? rules.fields : [];
  const [references, matches] = await Promise.all([
    References.read(transaction, user, [...all, defaultsOf(rules)]),
    rules.duplicates === 'create'
      ? new Matches()
      : Matches.read(transaction, user, all, { lock, dryRunOf, fields }),
  ]);
  const planner = new Planner(user, rules, references, matches);
  return await mapInSlices(read, ({ row, given, tooLong }) => {
    if (isTooLong(row.cells, rules.fields.length)) {
      return failed(row.number, whole(`The row has more cells than the header's ${rules.fields.length}.`));
    }
    return planner.plan(row.number, given, { ...cellProblems(row, given, rules), ...tooLong });
  });
}

class Planner {
  constructor(
    private readonly user: CurrentUser,
    private readonly rules: Rules,
    private readonly references: References,
    private readonly matches: Matches,
  ) {}

  /** Plans one row. @param problems the problems of its cells; a row with any is never written */
  plan(row: number, given: Given, problems: FieldErrors): PlannedRow {
    const { duplicates } = this.rules;
    const found = duplicates === 'create' ? null : this.matches.find(given);
    if (!found) return this.#create(row, given, problems);
    if (!found.isOtherName) return this.#duplicate(row, given, problems, found);
    const planned = this.#otherNamed(row, given, problems, found);
    return planned.outcome === 'FAILED' ? planned : { ...planned, otherName: otherNamed(found) };
  }

  #otherNamed(row: number, given: Given, problems: FieldErrors, found: ClientMatch): PlannedRow {
    const { otherName } = this.rules;
    if (otherName === 'match') return this.#duplicate(row, given, problems, found);
    if (otherName === 'create') return this.#create(row, given, problems);
    const target = found.targets[0] as Target;
    const message = `${nameOf(target)} has this under another name: "${target.name}".`;
    return skipped(row, target, { [found.by]: [message] }, problems);
  }

  #duplicate(row: number, given: Given, problems: FieldErrors, { by, targets }: ClientMatch): PlannedRow {
    const target = targets[0] as Target;
    if (this.rules.duplicates === 'skip') {
      return skipped(row, target, { [by]: [`${nameOf(target)} has this already.`] }, problems);
    }
    if (targets.length > 1) return failed(row, { [by]: ['Several clients have this.'], ...problems });
    return this.#update(row, given, problems, target);
  }

  #create(row: number, given: Given, problems: FieldErrors): PlannedRow {
    const filled = { ...defaultsOf(this.rules), ...given };
    const { input, errors } = this.#read(ClientCreate.parse, filled, {});
    let branch_id = input?.branch_id ?? null;
    if (branch_id === null) {
      try {
        branch_id = homeBranch(this.user);
      } catch (error) {
        Object.assign(errors, { branch_id: [sentenceOf(error)] });
      }
    }
    Object.assign(errors, this.references.refusals({ branch_id }), problems);
    if (problems.full_name) delete errors.first_name; // which is in the full name that could not be read
    if (!input || Object.keys(errors).length > 0) return failed(row, errors);
    const values: ClientValues = { ...BLANK, ...(input as ClientCreateInput), branch_id };
    const target = { id: null, row, name: fullName(values), values };
    if (this.rules.duplicates !== 'create') this.matches.add(target, values);
    return { row, outcome: 'CREATED', target, values };
  }

  #update(row: number, given: Given, problems: FieldErrors, target: Target): PlannedRow {
    const current = target.values;
    const { input, errors } = this.#read(ClientPatch.parse, given, current ?? {});
    Object.assign(errors, problems);
    if (!input || Object.keys(errors).length > 0) return failed(row, errors);
    const changed = CLIENT_FIELDS.filter(
      (field) => input[field] !== undefined && input[field] !== current?.[field],
    );
    if (changed.length === 0) {
      return { row, outcome: 'SKIPPED', target, problems: whole(`${nameOf(target)} has all this already.`) };
    }
    const before = Object.fromEntries(changed.map((field) => [field, current?.[field] ?? null]));
    const after = Object.fromEntries(changed.map((field) => [field, input[field]])) as Changes;
    if (current) {
      target.values = { ...current, ...after };
      target.name = fullName(target.values);
      this.matches.add(target, target.values);
    }
    return { row, outcome: 'UPDATED', target, before, after };
  }

  /** Reads a row as the API reads a form, with the API's errors. */
  #read(
    parse: (value: unknown, form: boolean) => Changes,
    given: Given,
    current: Changes,
  ): { readonly input: Changes | null; readonly errors: FieldErrors } {
    const { ids, errors } = this.references.resolve(given);
    const unread = Object.fromEntries(Object.entries(given).filter(([field]) => !(field in errors)));
    try {
      const input = parse({ ...unread, ...ids }, true);
      return { input, errors: { ...errors, ...this.references.refusals(ids, current) } };
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      return { input: null, errors: { ...(error.body as FieldErrors), ...errors } };
    }
  }
}

/** Returns the values of a created client where its row has none. */
function defaultsOf({ defaultGender, defaultCountry, defaultBranchId }: Rules): Given {
  return {
    ...(defaultGender && { gender: defaultGender }),
    ...(defaultCountry && { country: defaultCountry }),
    ...(defaultBranchId !== null && { branch_id: String(defaultBranchId) }),
  };
}

function nameOf({ id, row }: Target): string {
  return row === null ? `Client ${id}` : `The client of row ${row}`;
}

function otherNamed({ by, targets }: ClientMatch): OtherNamed {
  const { id, row, name } = targets[0] as Target;
  return { by, client: id, client_row: row, client_name: name };
}

function skipped(row: number, target: Target, why: FieldErrors, problems: FieldErrors): PlannedRow {
  if (Object.keys(problems).length > 0) return failed(row, problems);
  return { row, outcome: 'SKIPPED', target, problems: why };
}

function whole(message: string): FieldErrors {
  return { non_field_errors: [message] };
}

function failed(row: number, problems: FieldErrors): PlannedRow {
  return { row, outcome: 'FAILED', problems };
}

function sentenceOf(error: unknown): string {
  if (!(error instanceof HttpError)) throw error;
  return (error.body as { detail: string }).detail;
}
