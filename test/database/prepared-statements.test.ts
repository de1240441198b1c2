import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Database } from '../../src/database/database.js';
import { databaseFailure } from '../../src/database/errors.js';
import { withOwner } from '../../src/database/owner.js';
import { onePlan, statement } from '../../src/database/statement.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';
import { hasPgBouncer, NO_PGBOUNCER, startPgBouncer } from '../helpers/pgbouncer.js';

const MAIN = { schema: 'tenant_main', userId: 1 };
const DEMO = { schema: 'tenant_demo', userId: 1 };
const KEPT_AT_MOST = 50;
/** Makes a statement so long that as many are kept: 64 MB in all by the estimate of 4 kB each and 90 bytes a character. */
const LENGTH = Math.floor(((64 * 1024 * 1024) / KEPT_AT_MOST - 4096) / 90);
const long = (sql: string) => statement<{ n: number }>(`${sql} --`.padEnd(LENGTH, '-'));

let databases: TestDatabase;
let database: Database;

beforeAll(async () => {
  databases = await testDatabase();
  await withOwner(databases.admin, async (admin) => {
    for (const schema of ['tenant_main', 'tenant_demo']) {
      await admin.query(`CREATE TABLE ${schema}.thing (id integer PRIMARY KEY, name varchar(40));
        GRANT SELECT, INSERT, UPDATE, DELETE ON ${schema}.thing TO ${schema};
        INSERT INTO ${schema}.thing SELECT n, '${schema} ' || n FROM generate_series(1, 500) n`);
    }
  });
});
afterAll(() => databases?.drop());
beforeEach(() => {
  database = new Database(databases.app, { size: 1 });
});
afterEach(() => database.close());

const named = (id: number) => statement<{ name: string }>('SELECT name FROM thing WHERE id = $1', [id]);
const everything = () => statement<object>('SELECT * FROM thing WHERE id = 7');
const read = async (context: typeof MAIN, id: number, from = database) =>
  (await from.tenantQuery(context, named(id)))[0]?.name;

interface Kept {
  readonly name: string;
  readonly statement: string;
  readonly generic_plans: number;
  readonly custom_plans: number;
}
/** Returns what the one connection keeps prepared. */
const kept = (from = database) =>
  from.publicQuery(
    statement<Kept>(`SELECT name, statement, generic_plans::float8, custom_plans::float8
      FROM pg_prepared_statements ORDER BY statement`),
  );
const isLong = ({ statement: sql }: Kept) => sql.length === LENGTH;
const keptThings = async (from = database) =>
  (await kept(from)).filter(({ statement: sql }) => sql.includes('FROM thing'));

async function times(count: number, work: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < count; i++) await work();
}

/** Changes the type of a column, so that kept statements return other types than when they were prepared. */
async function changeType(type: string): Promise<void> {
  await withOwner(databases.admin, (admin) =>
    admin.query(`ALTER TABLE tenant_main.thing ALTER name TYPE ${type}`),
  );
}

describe('what is kept', () => {
  test('is what comes again and again, for each tenant under a name of its own', async () => {
    await times(3, () => read(MAIN, 1));
    expect(await keptThings()).toEqual([]); // the first time it was not known yet which server process is behind the connection
    for (let id = 1; id <= 10; id++) {
      expect(await read(MAIN, id)).toBe(`tenant_main ${id}`);
      expect(await read(DEMO, id)).toBe(`tenant_demo ${id}`);
    }
    const things = await keptThings();
    expect(things).toHaveLength(2);
    expect(new Set(things.map(({ name }) => name)).size).toBe(2);
    for (const { generic_plans } of things) expect(generic_plans).toBeGreaterThan(0);
  });

  test('shows another tenant nothing, even were it run under the wrong name', async () => {
    await withOwner(databases.app, async (client) => {
      const inTenant = async (schema: string) => {
        await client.query(`BEGIN; SET LOCAL ROLE ${schema}; SET LOCAL search_path TO ${schema}`);
        const { rows } = await client.query({ name: 'shared', text: 'SELECT name FROM thing WHERE id = 1' });
        await client.query('COMMIT');
        return rows;
      };
      for (let i = 0; i < 8; i++) {
        expect(await inTenant('tenant_main')).toEqual([{ name: 'tenant_main 1' }]);
        expect(await inTenant('tenant_demo')).toEqual([{ name: 'tenant_demo 1' }]);
      }
      await client.query('BEGIN; SET LOCAL ROLE tenant_demo; SET LOCAL search_path TO tenant_main');
      const stolen = client.query({ name: 'shared', text: 'SELECT name FROM thing WHERE id = 1' });
      await expect(stolen).rejects.toThrow(/permission denied|does not exist/);
      await client.query('ROLLBACK');
    });
  });

  test('is bounded, and what was used last stays', async () => {
    const distinct = (n: number) => long(`SELECT id + ${n} AS n FROM thing WHERE id = 1`);
    for (let n = 0; n < 3 * KEPT_AT_MOST; n++) {
      await times(4, () => database.tenantQuery(MAIN, distinct(n)));
      await read(MAIN, 1);
    }
    const [row] = await database.tenantQuery(MAIN, distinct(0)); // dropped since
    expect(row).toEqual({ n: 1 });
    const all = await kept();
    expect(all.filter(isLong).length).toBeGreaterThan(KEPT_AT_MOST - 5);
    expect(all.filter(isLong).length).toBeLessThanOrEqual(KEPT_AT_MOST); // the last drops go with the next round trip
    expect(all.some(({ statement: sql }) => sql === named(1).sql)).toBe(true);
  });

  test('does not exceed the bound in one round trip with more statements than that', async () => {
    const many = () =>
      database.tenantTransaction(MAIN, (t) =>
        Promise.all(
          Array.from({ length: 150 }, (_, n) =>
            t.query(long(`SELECT id + ${n} AS n FROM thing WHERE id = 1`)),
          ),
        ),
      );
    for (let i = 0; i < 8; i++)
      expect((await many()).map(([row]) => row?.n)).toEqual(Array.from({ length: 150 }, (_, n) => n + 1));
    await read(MAIN, 1);
    expect((await kept()).filter(isLong).length).toBeLessThanOrEqual(KEPT_AT_MOST);
  });

  test('the same statement several times in one round trip', async () => {
    const three = () =>
      database.tenantTransaction(MAIN, (t) => Promise.all([1, 2, 3].map((id) => t.query(named(id)))));
    for (let i = 0; i < 4; i++) {
      expect((await three()).map(([row]) => row?.name)).toEqual([1, 2, 3].map((id) => `tenant_main ${id}`));
    }
    expect(await keptThings()).toHaveLength(1);
  });

  test('is planned once for all values where that is asked for', async () => {
    const found = () =>
      database.tenantQuery(MAIN, onePlan(statement('SELECT FROM thing WHERE name ILIKE $1', ['%9%'])));
    await times(6, found);
    const [thing] = await keptThings();
    expect(thing).toMatchObject({ custom_plans: 0 });
    const [mode] = await database.publicQuery(statement<object>('SHOW plan_cache_mode'));
    expect(mode).toEqual({ plan_cache_mode: 'auto' });
  });

  test('nothing, where it is switched off', async () => {
    const without = new Database(databases.app, { size: 1, prepare: false });
    await times(6, () => read(MAIN, 1, without));
    expect(await kept(without)).toEqual([]);
    await without.close();
  });
});

describe('a failure', () => {
  test('of a statement that was about to be kept leaves the connection in order', async () => {
    const bad = () => database.tenantQuery(MAIN, statement('SELECT nothing FROM thing'));
    const divided = (by: number) =>
      statement<{ n: number }>('SELECT 6 / $1::integer AS n FROM thing WHERE id = 1', [by]);
    await times(6, () => expect(bad()).rejects.toThrow('column "nothing" does not exist'));
    await times(6, () => expect(database.tenantQuery(MAIN, divided(0))).rejects.toThrow('division by zero'));
    expect(await database.tenantQuery(MAIN, divided(2))).toEqual([{ n: 3 }]);
    await times(6, () => expect(database.tenantQuery(MAIN, divided(0))).rejects.toThrow('division by zero'));
    expect(await database.tenantQuery(MAIN, divided(3))).toEqual([{ n: 2 }]);
    expect(await read(MAIN, 1)).toBe('tenant_main 1');
  });

  test('in front of statements that were about to be kept', async () => {
    const both = () =>
      database.tenantTransaction(MAIN, async (t) => {
        t.send(statement('SELECT 1 / 0'));
        t.send(named(5));
        t.send(everything());
      });
    await times(6, () => expect(both()).rejects.toThrow('division by zero'));
    expect(await read(MAIN, 5)).toBe('tenant_main 5');
    expect(await database.tenantQuery(MAIN, everything())).toEqual([{ id: 7, name: 'tenant_main 7' }]);
  });
});

describe('when a table was changed', () => {
  afterEach(() => changeType('varchar(40)'));

  test('the first round trip of a transaction does not notice', async () => {
    await times(6, () => database.tenantQuery(MAIN, everything()));
    expect(await keptThings()).toHaveLength(1);
    await changeType('text');
    let runs = 0;
    const rows = await database.tenantTransaction(MAIN, (t) => {
      runs++;
      return t.send(named(3)).and(t.send(everything()));
    });
    expect(rows).toEqual([[{ name: 'tenant_main 3' }], [{ id: 7, name: 'tenant_main 7' }]]);
    expect(runs).toBe(1);
    await times(6, () => database.tenantQuery(MAIN, everything()));
    expect(await keptThings()).toHaveLength(1);
  });

  test('what was written in that round trip is written once', async () => {
    const insert = (id: number) =>
      statement<object>('INSERT INTO thing VALUES ($1, $2) RETURNING *', [id, 'new']);
    for (let id = 1001; id <= 1006; id++) await database.tenantQuery(MAIN, insert(id));
    await changeType('text');
    expect(await database.tenantQuery(MAIN, insert(1007))).toEqual([{ id: 1007, name: 'new' }]);
    const [count] = await database.tenantQuery(
      MAIN,
      statement<{ n: number }>('SELECT count(*) AS n FROM thing WHERE id > 1000'),
    );
    expect(count).toEqual({ n: 7 });
  });

  test('later on the transaction fails as one that can be repeated, and once for all connections', async () => {
    const second = new Database(databases.app, { size: 2 });
    const work = () =>
      second.tenantTransaction(MAIN, async (t) => {
        await t.query(statement('SELECT id FROM thing WHERE id = 1')); // still usable
        return t.send(everything());
      });
    for (let i = 0; i < 8; i++) await Promise.all([work(), work()]);
    await changeType('text');
    const failure = await work().then(
      () => null,
      (error: unknown) => error,
    );
    expect(databaseFailure(failure)).toEqual({ kind: 'unavailable' }); // 503, retry
    for (let i = 0; i < 3; i++) expect(await Promise.all([work(), work()])).toHaveLength(2);
    await second.close();
  });
});

describe('when the server has lost what it kept, as behind a pooler that was not recognised', () => {
  test('nobody notices, and nothing is kept any more', async () => {
    await times(6, () => read(MAIN, 1));
    await database.publicQuery(statement('DEALLOCATE ALL'));
    expect(await read(MAIN, 2)).toBe('tenant_main 2');
    await times(6, () => read(MAIN, 1));
    expect(await kept()).toEqual([]);
  });

  test('nor on two connections that find out at the same moment', async () => {
    const two = new Database(databases.app, { size: 2 });
    const both = (work: () => Promise<unknown>) => Promise.all([work(), work()]);
    await times(8, () => both(() => read(MAIN, 1, two)));
    await both(() => two.publicQuery(statement('DEALLOCATE ALL')));
    expect(await both(() => read(MAIN, 2, two))).toEqual(['tenant_main 2', 'tenant_main 2']);
    await two.close();
  });

  test('nor when a statement is there under the same name', async () => {
    await times(6, () => read(MAIN, 1));
    const numbers = (await kept()).map(({ name }) => Number(name.slice(1)));
    await database.publicQuery(statement(`PREPARE s${Math.max(...numbers) + 1} AS SELECT 1`));
    expect(await kept()).toHaveLength(numbers.length + 1);
    await times(6, async () => expect(await database.tenantQuery(MAIN, everything())).toHaveLength(1));
    expect(await read(MAIN, 2)).toBe('tenant_main 2');
    expect(await kept()).toEqual([]);
  });

  test('no connection takes the statement of another one for its own', async () => {
    const other = new Database(databases.app, { size: 1 });
    await times(6, () => read(MAIN, 1));
    await times(6, () => other.tenantQuery(MAIN, everything()));
    const names = [...(await kept()), ...(await kept(other))].map(({ name }) => name);
    expect(names.length).toBeGreaterThan(6);
    expect(new Set(names).size).toBe(names.length);
    await other.close();
  });
});

describe.skipIf(!hasPgBouncer)('behind PgBouncer in transaction mode', () => {
  test('nothing is kept', { timeout: 30_000 }, async () => {
    const pooler = await startPgBouncer(databases.app, 2);
    const pooled = new Database(pooler.settings, { size: 6 });
    try {
      for (let i = 0; i < 20; i++) {
        await Promise.all(Array.from({ length: 6 }, () => read(MAIN, 1, pooled)));
      }
      await sleep(50);
      expect(await kept(pooled)).toEqual([]);
    } finally {
      await pooled.close();
      await pooler.stop();
    }
  });
});
if (!hasPgBouncer) console.warn(NO_PGBOUNCER);
