import { Argument, type Command } from 'commander';
import { CATALOGUE_COUNTRIES, type CatalogueCountry, readCatalogue } from '../catalogues/catalogue.js';
import { type Added, loadCatalogue } from '../catalogues/load.js';
import { findTenant } from '../tenancy/tenant-list.js';
import { shortName } from '../tenancy/tenant-name.js';
import type { CliContext } from './context.js';
import { formatTable } from './table.js';
import { withTables } from './with-tables.js';

interface LoadOptions {
  readonly tenant: string;
  readonly json?: boolean;
}

/** Adds `leopard catalogue list|load`: starter records for agencies, such as visas, levels of study and stages. */
export function addCatalogueCommand(program: Command, context: CliContext): void {
  const catalogue = program
    .command('catalogue')
    .description('list starter catalogues of countries, and load them into tenants');
  catalogue
    .command('list')
    .description('list the countries and how much there is for each')
    .option('--json', 'print JSON')
    .action(({ json }: { json?: boolean }) => list(context, json));
  catalogue
    .command('load')
    .description('add the records of a catalogue that a tenant lacks; existing ones stay as they are')
    .addArgument(new Argument('<country>').choices(CATALOGUE_COUNTRIES))
    .requiredOption('--tenant <tenant>', 'short name or schema')
    .option('--json', 'print JSON')
    .action((country: CatalogueCountry, options: LoadOptions) => load(context, country, options));
}

/** Describes in words how much of a catalogue was added. */
export function addedInWords(added: Added): string {
  const parts = Object.entries(added).filter(([, count]) => count > 0);
  if (parts.length === 0) return 'nothing is added, all of it is there';
  return parts.map(([kind, count]) => `${count} ${kind.replace('_', ' ')}`).join(', ');
}

async function list(context: CliContext, json: boolean | undefined): Promise<void> {
  const catalogues = await Promise.all(CATALOGUE_COUNTRIES.map(readCatalogue));
  const counted = catalogues.map(({ country, name, visa_categories, course_levels, application_types }) => ({
    country,
    name,
    visa_categories: visa_categories.length,
    visa_types: visa_categories.flatMap(({ types }) => types).length,
    course_levels: course_levels.length,
    application_types: application_types.length,
  }));
  context.show(json, counted, () => {
    const rows = counted.map((row) => Object.values(row).map(String));
    const head = Object.keys(counted[0] ?? {}).map((key) => key.toUpperCase().replace('_', ' '));
    return formatTable(head, rows);
  });
}

async function load(context: CliContext, country: CatalogueCountry, options: LoadOptions): Promise<void> {
  const { schema, added } = await withTables(context, async ({ database }) => {
    const { schema } = await findTenant(database, options.tenant);
    return { schema, added: await loadCatalogue(database, { schema, userId: null }, country) };
  });
  context.show(options.json, { country, added }, () => [
    `${shortName(schema)}, catalogue ${country}: ${addedInWords(added)}`,
  ]);
}
