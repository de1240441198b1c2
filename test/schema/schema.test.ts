import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readText } from '../../src/database/migration-files.js';
import { withOwner } from '../../src/database/owner.js';
import {
  type CatalogColumn,
  readColumns,
  readConstraints,
  readIndexes,
} from '../../src/schema/generate/catalog.js';
import { TYPES_FILE, writeTableTypes } from '../../src/schema/generate/table-types.js';
import { migrateTenant } from '../../src/schema/migrator.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';
import { boldDefaults, type ContractTable, tenantTables } from './contract.js';
import { introspect } from './introspection.js';

/** One created by replaying every migration, one from the prepared script. */
const SCHEMAS = ['tenant_replayed', 'tenant_main'];

interface Catalogue {
  readonly columns: CatalogColumn[];
  readonly constraints: { table: string; kind: string; definition: string }[];
  readonly indexes: string[];
}

let database: TestDatabase;
const catalogues = new Map<string, Catalogue>();
const everything = new Map<string, unknown>();

beforeAll(async () => {
  database = await testDatabase();
  await withOwner(database.owner, async (client) => {
    await client.query(
      "INSERT INTO public.tenants_tenant (schema_name, name) VALUES ('tenant_replayed', 'Replayed')",
    );
    await migrateTenant(client, database.app.user, 'tenant_replayed');
    for (const schema of SCHEMAS) {
      everything.set(schema, await introspect(client, schema));
      await client.query(`SET search_path TO ${schema}`);
      catalogues.set(schema, {
        columns: await readColumns(client, schema),
        constraints: await readConstraints(client, schema),
        indexes: await readIndexes(client, schema),
      });
    }
  });
});

afterAll(() => database.drop());

it('knows every default that the contract prints in bold', () => {
  // 0.00 and 0 are one number in two spellings.
  expect(boldDefaults.printed.filter((value) => value !== '0.00')).toEqual(boldDefaults.known);
});

it('makes the same tenant from the prepared script as by replaying the migrations', () => {
  expect(everything.get('tenant_main')).toEqual(everything.get('tenant_replayed'));
});

it('has table types that are up to date', async () => {
  const types = await withOwner(database.owner, (client) => writeTableTypes(client, 'tenant_main'));
  expect(types === readText(TYPES_FILE), 'run: npm run generate').toBe(true);
});

describe.each(SCHEMAS)('%s', (schema) => {
  it.each(tenantTables().map((table) => [table.name, table] as const))(
    '%s is as the contract says',
    (_, table) => {
      expect(actual(catalogues.get(schema)!, table)).toEqual(expected(table));
    },
  );
});

function expected(table: ContractTable) {
  return {
    columns: table.columns.map(({ default: value, ...column }) => ({
      ...column,
      ...(value !== undefined && { value }),
    })),
    primaryKey: table.primaryKey,
    foreignKeys: [...table.foreignKeys].sort((a, b) => (a.column < b.column ? -1 : 1)),
    uniques: [...table.uniques].sort(),
    checks: table.checks.map(withoutNoise).sort(),
    missingIndexes: [],
    mustBeGiven: [],
  };
}

/** Returns the actual table, in the contract's terms and as far as the contract describes it. */
function actual(catalogue: Catalogue, table: ContractTable) {
  const own = catalogue.columns.filter((column) => column.table === table.name);
  const added = own.filter(({ name }) => table.columns.every((column) => column.name !== name));
  const constraints = catalogue.constraints.filter(
    (constraint) => constraint.table === table.name && !isOnAdded(constraint.definition, table, added),
  );
  const definitions = (kind: string) =>
    constraints.filter((constraint) => constraint.kind === kind).map(({ definition }) => definition);
  const indexed = [
    ...catalogue.indexes
      .filter((definition) => definition.includes(` ON ${table.name} USING btree `))
      .map((definition) => definition.replace(/^.* USING btree /, '')),
  ];
  return {
    columns: table.columns.map((wanted) => {
      const column = own.find(({ name }) => name === wanted.name);
      return (
        column && {
          name: column.name,
          type: shortType(column.type),
          notNull: column.notNull,
          identity: column.isIdentity,
          ...(wanted.default !== undefined && { value: withoutCast(column.default) }),
        }
      );
    }),
    primaryKey: definitions('p')[0]?.replace('PRIMARY KEY ', '') ?? null,
    foreignKeys: definitions('f')
      .map(foreignKey)
      .sort((a, b) => (a.column < b.column ? -1 : 1)),
    uniques: definitions('u')
      .map((definition) => definition.replace('UNIQUE ', ''))
      .sort(),
    checks: definitions('c')
      .map((definition) => withoutNoise(definition.replace('CHECK ', '')))
      .sort(),
    missingIndexes: table.indexes.filter((wanted) => !indexed.includes(wanted)),
    // Clients of the contract write rows without the added columns.
    mustBeGiven: added
      .filter((column) => column.notNull && column.default === null && !column.isIdentity)
      .map(({ name }) => name),
  };
}

/** Returns whether a constraint concerns only added columns, which the contract leaves free. */
function isOnAdded(definition: string, table: ContractTable, added: readonly CatalogColumn[]): boolean {
  const words = definition.replace(/ REFERENCES .*/, '').split(/\W+/);
  const speaksOf = (columns: readonly { name: string }[]) => columns.some(({ name }) => words.includes(name));
  return speaksOf(added) && !speaksOf(table.columns);
}

function foreignKey(definition: string) {
  const [, column = '', target = '', rule = 'NO ACTION'] =
    /^FOREIGN KEY \((\w+)\) REFERENCES (\w+)\(id\)(?: ON DELETE ([A-Z ]+))?$/.exec(definition) ?? [];
  return { column, target, rule };
}

function shortType(type: string): string {
  return type
    .replace('character varying', 'varchar')
    .replace('timestamp with time zone', 'timestamptz')
    .replace('time without time zone', 'time');
}

function withoutCast(value: string | null): string | null {
  return value === null ? null : value.replace(/::[a-z ]+$/, '');
}

/** Removes brackets and spaces, which differ between ways of printing the same condition. */
function withoutNoise(condition: string): string {
  return condition.replace(/[()\s]/g, '');
}
