import type { Database } from '../database/database.js';
import type { TenantContext } from '../database/tenant-transaction.js';
import { type Catalogue, type CatalogueCountry, readCatalogue } from './catalogue.js';
import {
  applicationTypes,
  broadFields,
  type Counting,
  courseLevels,
  LOCK,
  languageExams,
  narrowFields,
  visaCategories,
  visaTypes,
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
  // The order matters: types refer to their categories, and narrow fields to their broad ones.
  const counting: Readonly<Record<keyof Added, Counting>> = {
    visa_categories: visaCategories(content),
    visa_types: visaTypes(content),
    course_levels: courseLevels(content, userId),
    broad_fields: broadFields(content, userId),
    narrow_fields: narrowFields(content, userId),
    language_exams: languageExams(content),
    application_types: applicationTypes(content, userId),
  };
  const [, ...counted] = await run([LOCK, ...Object.values(counting)]);
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
