import type { ConnectionSettings } from '../config/config.js';
import { ok, problem, type Result, warning } from '../database/finding.js';
import { readMigrations } from '../database/migration-files.js';
import { withOwner } from '../database/owner.js';
import { quoteIdentifier } from '../database/schema-name.js';
import { listed } from '../database/tenant-diagnosis.js';
import type { Capture } from '../events/capture/capture.js';
import { checkCapture } from '../events/capture/check.js';
import { checkOwnership } from './repair.js';
import { TENANTS_PER_CONNECTION, tenantsUpToDate, type UpToDate } from './repair-all.js';
import { ALL_KINDS, compareSchemas, type Difference, readReference } from './tenant-catalogue.js';

/** Maximum number of differences reported per tenant. */
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
  const { reference, tenants, captures } = await withOwner(owner, async (client) => {
    await checkOwnership(client, owner.user);
    const upToDate = await tenantsUpToDate(client, migrations);
    return {
      tenants: upToDate,
      reference: upToDate.length > 0 ? await readReference(client, appUser, migrations) : null,
      captures: await checkCapture(client, capture),
    };
  });
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
      sort(tenant, differences, { wrong, slight });
      for (const statement of indexStatements(differences)) {
        if (!indexes.has(statement)) indexes.set(statement, tenant.schema);
      }
    }
  }
  if (wrong.length > 0) {
    return problem(
      `${listed(wrong)}; leopard migrate gives back functions, triggers and rights; tables and columns come from a backup`,
    );
  }
  if (slight.length > 0) return warning(listed(slight) + howToMake(indexes));
  const { length } = tenants;
  return ok(`those of ${length} ${length === 1 ? 'tenant' : 'tenants'} are as the program makes them`);
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

/** Sorts differences by severity: a missing index only costs speed and an extra object is harmless; others are not. */
function sort(
  { schema, skipped }: UpToDate,
  differences: readonly Difference[],
  { wrong, slight }: { wrong: string[]; slight: string[] },
): void {
  const isSlight = ({ kind, what, wanted }: Difference) =>
    what === 'not the program’s' || (kind === 'index' && !wanted?.definition.includes('UNIQUE INDEX'));
  const note = skipped ? ' (a migration was skipped there)' : '';
  const say = (list: readonly Difference[]) =>
    `${schema}: ${some(list.map(({ kind, name, what }) => `${kind} ${name} is ${what}`))}${note}`;
  const grave = differences.filter((difference) => !isSlight(difference));
  if (grave.length > 0) (skipped ? slight : wrong).push(say(grave));
  else if (differences.length > 0) slight.push(say(differences));
}

function some(problems: readonly string[]): string {
  const more = problems.length - MOST_LISTED;
  return more > 0 ? `${problems.slice(0, MOST_LISTED).join(', ')} and ${more} more` : problems.join(', ');
}
