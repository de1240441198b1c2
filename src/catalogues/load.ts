import type { Database } from '../database/database.js';
import { type Statement, statement } from '../database/statement.js';
import type { TenantContext } from '../database/tenant-transaction.js';
import { type Catalogue, type CatalogueCountry, readCatalogue } from './catalogue.js';
import {
  APPLICATION_TYPES,
  BROAD_FIELDS,
  COURSE_LEVELS,
  LANGUAGE_EXAMS,
  LOCK,
  NARROW_FIELDS,
  VISA_CATEGORIES,
  VISA_TYPES,
} from './statements.js';

/** The number of records of each kind that were added. */
export interface Added {
  readonly visa_categories: number;
  readonly visa_types: number;
  readonly course_levels: number;
  readonly broad_fields: number;
  readonly narrow_fields: number;
  readonly language_exams: number;
  readonly application_types: number;
}

type Counting = Statement<{ readonly added: number }>;
/** A function that runs statements in order, in one transaction whose search path is the tenant's schema. */
export type RunAll = (
  statements: readonly Counting[],
) => Promise<readonly (readonly { readonly added: number }[])[]>;

/**
 * Adds the records of a catalogue that a tenant lacks. Existing records stay as they are: names and visa codes are
 * compared without regard to case, and soft-deleted records are not restored.
 * @param userId the creator of the records; null for the system
 * @returns the number of records of each kind that were added
 */
export async function addCatalogue(run: RunAll, catalogue: Catalogue, userId: number | null): Promise<Added> {
  const content = JSON.stringify(catalogue);
  const stamped = [content, userId];
  // The order matters: types refer to their categories, and narrow fields to their broad ones.
  const counting: Readonly<Record<keyof Added, Counting>> = {
    visa_categories: statement(VISA_CATEGORIES, [content]),
    visa_types: statement(VISA_TYPES, [content]),
    course_levels: statement(COURSE_LEVELS, stamped),
    broad_fields: statement(BROAD_FIELDS, stamped),
    narrow_fields: statement(NARROW_FIELDS, stamped),
    language_exams: statement(LANGUAGE_EXAMS, [content]),
    application_types: statement(APPLICATION_TYPES, stamped),
  };
  const [, ...counted] = await run([statement(LOCK), ...Object.values(counting)]);
  const added = Object.keys(counting).map((kind, index) => [kind, counted[index]?.[0]?.added ?? 0]);
  return Object.fromEntries(added) as Record<keyof Added, number>;
}

/**
 * Adds a country's catalogue to an existing tenant, in a transaction of its own.
 * @param context the tenant and the acting user
 * @returns the number of records of each kind that were added
 * @throws PlainError for a malformed file
 */
export async function loadCatalogue(
  database: Database,
  context: TenantContext,
  country: CatalogueCountry,
): Promise<Added> {
  const catalogue = await readCatalogue(country);
  return await database.tenantTransaction(context, (transaction) =>
    addCatalogue(
      (statements) => Promise.all(statements.map((query) => transaction.query(query))),
      catalogue,
      context.userId,
    ),
  );
}
