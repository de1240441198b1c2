import { afterAll, beforeAll, expect, it } from 'vitest';
import { contentOf, type Migration, readMigrations } from '../../src/database/migration-files.js';
import { withOwner } from '../../src/database/owner.js';
import { findRefusedMigrations } from '../../src/schema/upgrade/additive-rule.js';
import { testDatabase } from '../helpers/database.js';

// `npm run check` applies the rule to the files of the checkout, in `npm run generate -- --check`.

const database = await testDatabase();
afterAll(() => database.drop());

const real = readMigrations();

/** Each with what waits for it; null for those that let everybody through. */
const MIGRATIONS: [sql: string, waiting: string | null][] = [
  [
    'CREATE INDEX ON immigration_client (middle_name)',
    'writes of immigration_client wait while all its rows are indexed',
  ],
  [
    'ALTER TABLE immigration_note ADD COLUMN made timestamptz DEFAULT clock_timestamp()',
    'reads and writes of immigration_note wait while all its rows are written anew',
  ],
  [
    'ALTER TABLE immigration_task ADD COLUMN client bigint; ALTER TABLE immigration_task ADD CONSTRAINT of_client FOREIGN KEY (client) REFERENCES immigration_client',
    'reads and writes of immigration_task wait while all its rows are read through or changed',
  ],
  [
    'ALTER TABLE immigration_agent ADD COLUMN kind text CHECK (length(kind) < 9)',
    'reads and writes of immigration_agent wait while all its rows are read through or changed',
  ],
  [
    "ALTER TABLE immigration_clientactivity ADD COLUMN source text; UPDATE immigration_clientactivity SET source = 'x'",
    'reads and writes of immigration_clientactivity wait while all its rows are read through or changed',
  ],
  ["ALTER TABLE immigration_client ADD COLUMN source text NOT NULL DEFAULT 'x'", null],
  [
    'ALTER TABLE immigration_client ADD COLUMN agent bigint; ALTER TABLE immigration_client ADD CONSTRAINT of_agent FOREIGN KEY (agent) REFERENCES immigration_agent NOT VALID',
    null,
  ],
  [
    '-- transaction: none\nCREATE INDEX CONCURRENTLY IF NOT EXISTS by_source ON immigration_client (source);',
    null,
  ],
  ['-- transaction: none\nALTER TABLE immigration_client VALIDATE CONSTRAINT of_agent;', null],
  ['ALTER TABLE immigration_branch ADD COLUMN code text; CREATE INDEX ON immigration_branch (code)', null],
  ['-- locks: immigration_lpe: a dozen rows\nCREATE INDEX ON immigration_lpe (name)', null],
  [
    'CREATE TABLE more (id bigint PRIMARY KEY, client_id bigint REFERENCES immigration_client); CREATE INDEX ON more (client_id)',
    null,
  ],
];

let refused: string[] = [];
beforeAll(async () => {
  const made = MIGRATIONS.map(
    ([sql], index): Migration => ({
      kind: 'tenant',
      number: real.tenant.length + 1 + index,
      name: 'made_up',
      ...contentOf(sql, 'made_up'),
    }),
  );
  const files = { ...real, tenant: [...real.tenant, ...made] };
  refused = await withOwner(database.owner, (client) => findRefusedMigrations(client, files));
});

it.each(MIGRATIONS.map(([sql, waiting], index) => ({ sql, waiting, index })))(
  '$sql',
  ({ waiting, index }) => {
    const start = `${String(real.tenant.length + 1 + index).padStart(4, '0')}_made_up: `;
    const own = refused.filter((line) => line.startsWith(start) && line.includes(' wait while '));
    expect(own.map((line) => line.slice(start.length).split(';')[0])).toEqual(
      waiting === null ? [] : [waiting],
    );
  },
);
