import type { ConnectionSettings } from '../config/config.js';
import { ok, problem, type Result, warning } from '../database/finding.js';
import { readMigrations } from '../database/migration-files.js';
import { withOwner } from '../database/owner.js';
import { quoteIdentifier } from '../database/schema-name.js';
import { listed } from '../database/tenant-diagnosis.js';
import type { Capture } from '../events/capture/capture.js';
import { checkCapture } from '../events/capture/check.js';
import { ALL_KINDS } from './catalogue-objects.js';
import { concernsProgramOnly, type Difference, inWords, isSlight } from './differences.js';
import { TENANTS_PER_CONNECTION } from './in-parallel.js';
import { ledgerOf } from './migration-state.js';
import { checkOwnership } from './repair.js';
import { tenantsUpToDate, type UpToDate } from './repair-all.js';
import { compareShared } from './shared-catalogue.js';
import { compareSchemas, readReference } from './tenant-catalogue.js';

const WHAT_MIGRATE_DOES =
  'leopard migrate gives back functions, triggers and rights; tables and columns come from a backup';
/** Maximum number of differences of one kind reported per tenant. */
const MOST_LISTED = 3;

/**
 * Checks that the tables, columns, constraints, indexes, functions, triggers and rights in the tenants' schemas are
 * those that the program makes, whatever the ledger says.
 */
export async function examineTables(
  owner: ConnectionSettings,
  appUser: string,
  capture: Capture,
): Promise<Result> {
  const { tenant: migrations } = readMigrations();
  const { reference, tenants, captures, foreign } = await withOwner(owner, async (client) => {
    const foreign = await checkOwnership(client, owner.user);
    const upToDate = await tenantsUpToDate(client, migrations);
    return {
      foreign,
      tenants: upToDate,
      reference: upToDate.length > 0 ? await readReference(client, appUser, migrations) : null,
      captures: await checkCapture(client, capture),
    };
  });
  if (foreign.length > 0) return problem(listed(foreign.map(({ error }) => error.message)));
  if (tenants.length === 0) return ok('there is no tenant to which all migrations were applied');
  if (!reference) return warning('the prepared script for tenants is missing or old; run: npm run generate');
  const wrong = captures.map(({ schema, problems }) => `${schema}: ${some(problems)}`);
  const slight: string[] = [];
  const indexes = new Map<string, string>();
  for (let start = 0; start < tenants.length; start += TENANTS_PER_CONNECTION) {
    const batch = tenants.slice(start, start + TENANTS_PER_CONNECTION);
    const schemas = batch.map(({ schema }) => schema);
    const differing = await withOwner(owner, (client) =>
      compareSchemas(client, schemas, { reference, kinds: ALL_KINDS }),
    );
    for (const tenant of batch) {
      const differences = differing.get(tenant.schema) ?? [];
      sort(tenant, differences, { wrong, slight, owner: quoteIdentifier(owner.user) });
      for (const statement of indexStatements(differences)) {
        if (!indexes.has(statement)) indexes.set(statement, tenant.schema);
      }
    }
  }
  if (wrong.length > 0) {
    return problem(`${listed(wrong)}; ${WHAT_MIGRATE_DOES}`);
  }
  if (slight.length > 0) return warning(listed(slight) + howToMake(indexes));
  const { length } = tenants;
  return ok(`those of ${length} ${length === 1 ? 'tenant' : 'tenants'} are as the program makes them`);
}

/**
 * Checks that the tables, columns, constraints, indexes, functions, triggers and rights in schema `public` are those that
 * the shared migrations make, whatever the ledger says.
 */
export async function examineSharedTables(owner: ConnectionSettings, appUser: string): Promise<Result> {
  const { shared } = readMigrations();
  return await withOwner(owner, async (client) => {
    const applied = await ledgerOf(client, 'shared');
    if (shared.some(({ number }) => !applied.has(number)))
      return warning('not compared while migrations are pending; run: leopard migrate');
    if (applied.size > shared.length)
      return warning('not compared: the database is that of a newer version of the program');
    await checkOwnership(client, owner.user);
    const compared = await compareShared(client, appUser, shared);
    const differences = compared.differences.filter((difference) => !concernsProgramOnly(difference));
    const say = (list: readonly Difference[]) => described(list, 'public', quoteIdentifier(owner.user));
    const wrong = differences.filter((difference) => !isSlight(difference));
    if (wrong.length > 0) return problem(`${say(wrong)}; ${WHAT_MIGRATE_DOES}`);
    if (differences.length === 0) return ok('its tables are as the program makes them');
    const schemas = new Map(indexStatements(differences).map((statement) => [statement, 'public']));
    return warning(say(differences) + howToMake(schemas));
  });
}

/** Returns the statements that create missing indexes in the tenant's schema while others write there. */
function indexStatements(differences: readonly Difference[]): string[] {
  return differences.flatMap(({ kind, what, wanted }) => {
    const isMissing = kind === 'index' && what === 'missing';
    return isMissing && wanted ? [wanted.definition.replace(' INDEX ', ' INDEX CONCURRENTLY ')] : [];
  });
}

/** Says how to create missing indexes. @param indexes the statements, each with a schema that lacks its index */
function howToMake(indexes: ReadonlyMap<string, string>): string {
  const [first] = indexes.values();
  if (first === undefined) return '';
  const place = ` ON ${quoteIdentifier(first)}.`;
  const statements = [...indexes.keys()].map((statement) => statement.replace(' ON ', place));
  return `; to make the missing indexes run in leopard dbshell --owner, as here for ${first}: ${statements.join('; ')}`;
}

/** Sorts differences by severity. */
function sort(
  { schema, skipped }: UpToDate,
  differences: readonly Difference[],
  { wrong, slight, owner }: { wrong: string[]; slight: string[]; owner: string },
): void {
  const note = skipped ? ' (a migration was skipped there)' : '';
  const say = (list: readonly Difference[]) => `${schema}: ${described(list, schema, owner)}${note}`;
  const grave = differences.filter((difference) => !isSlight(difference));
  if (grave.length > 0) (skipped ? slight : wrong).push(say(grave));
  else if (differences.length > 0) slight.push(say(differences));
}

/** Describes differences, the first few of each kind. */
function described(differences: readonly Difference[], schema: string, owner: string): string {
  const groups = new Map<string, string[]>();
  for (const difference of differences) {
    const key = `${difference.kind} ${difference.what}`;
    groups.set(key, [...(groups.get(key) ?? []), inWords(difference, schema, owner)]);
  }
  return [...groups.values()].map(some).join(', ');
}

function some(problems: readonly string[]): string {
  const more = problems.length - MOST_LISTED;
  return more > 0 ? `${problems.slice(0, MOST_LISTED).join(', ')} and ${more} more` : problems.join(', ');
}
