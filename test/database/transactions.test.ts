import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Database } from '../../src/database/database.js';
import type { Pending } from '../../src/database/pending.js';
import { statement } from '../../src/database/statement.js';
import type { TenantTransaction } from '../../src/database/tenant-transaction.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';
import { recordSentBatches } from '../helpers/sent-batches.js';

const MAIN = { schema: 'tenant_main', userId: null };
const sent = recordSentBatches();
let databases: TestDatabase;
let database: Database;

beforeAll(async () => {
  databases = await testDatabase();
  database = new Database(databases.app, { size: 1 });
});
beforeEach(async () => {
  await database.tenantQuery(MAIN, statement('DELETE FROM auth_group'));
  sent.batches.length = 0;
});
afterAll(async () => {
  sent.stop();
  await database?.close();
  await databases?.drop();
});

/** Returns the sent texts, one array for each round trip, without the opening. */
const trips = () =>
  sent.batches.map(({ statements }) =>
    statements.map(({ sql }) => sql).filter((sql) => !/^(BEGIN|SELECT pg_catalog)/.test(sql)),
  );

const INSERT = 'INSERT INTO auth_group (name) VALUES ($1) RETURNING name';
const NAMES = 'SELECT name FROM auth_group ORDER BY id';
const insert = (name: string) => statement<{ name: string }>(INSERT, [name]);
const FAILING = statement('SELECT 1 / 0');
const stored = async () =>
  (await database.tenantQuery(MAIN, statement<{ name: string }>(NAMES))).map(({ name }) => name);

/** Creates a group as resources' services do: its last statement goes out with COMMIT. */
async function createGroup(transaction: TenantTransaction, name: string): Promise<Pending<string>> {
  await transaction.query(statement('SELECT 1'));
  return transaction.send(insert(name)).map(([group]) => `group ${group?.name}`);
}

describe('what a service returns', () => {
  test('comes with the answer to COMMIT', async () => {
    expect(await database.tenantTransaction(MAIN, (transaction) => createGroup(transaction, 'a'))).toBe(
      'group a',
    );
    expect(trips()).toEqual([['SELECT 1'], [INSERT, 'COMMIT']]);
  });

  test('may be two results, of one round trip', async () => {
    const found = database.tenantTransaction(MAIN, (transaction) =>
      transaction.send(insert('a')).and(transaction.send(insert('b'))),
    );
    expect(await found).toEqual([[{ name: 'a' }], [{ name: 'b' }]]);
    expect(trips()).toEqual([[INSERT, INSERT, 'COMMIT']]);
  });

  test('can be waited for, when another service follows in the transaction', async () => {
    const both = await database.tenantTransaction(MAIN, async (transaction) => {
      const first = await transaction.result(createGroup(transaction, 'a'));
      return (await createGroup(transaction, 'b')).map((second) => [first, second]);
    });
    expect(both).toEqual(['group a', 'group b']);
    expect(trips()).toEqual([['SELECT 1'], [INSERT], ['SELECT 1'], [INSERT, 'COMMIT']]);
  });

  test('is done also when nobody takes it', async () => {
    await database.tenantTransaction(MAIN, async (transaction) => {
      await createGroup(transaction, 'a');
      await createGroup(transaction, 'b');
    });
    expect(trips()).toEqual([['SELECT 1'], [INSERT, 'SELECT 1'], [INSERT, 'COMMIT']]);
    expect(await stored()).toEqual(['a', 'b']);
  });

  test('may read more, after COMMIT or, where it is waited for, in the transaction', async () => {
    const service = (transaction: TenantTransaction) =>
      transaction
        .send(insert('a'))
        .map(async (_rows, read) => (await read(statement<{ name: string }>(NAMES))).length);
    expect(await database.tenantTransaction(MAIN, service)).toBe(1);
    expect(trips()).toEqual([
      [INSERT, 'COMMIT'],
      [NAMES, 'COMMIT'],
    ]);
    await database.tenantQuery(MAIN, statement('DELETE FROM auth_group'));
    sent.batches.length = 0;
    await database.tenantTransaction(MAIN, (transaction) => transaction.result(service(transaction)));
    expect(trips()).toEqual([[INSERT], [NAMES], ['COMMIT']]);
  });

  test('is made once, when it is both waited for and returned', async () => {
    let made = 0;
    const found = database.tenantTransaction(MAIN, async (transaction) => {
      const pending = transaction.send(insert('a')).map(() => ++made);
      return pending.and(transaction.send(insert('b')).map(() => transaction.result(pending)));
    });
    expect(await found).toEqual([1, 1]);
  });

  test('throws what it makes of its rows, when they are committed', async () => {
    const refused = database.tenantTransaction(MAIN, (transaction) =>
      transaction.send(insert('a')).map(() => {
        throw new Error('not what was wanted');
      }),
    );
    await expect(refused).rejects.toThrow('not what was wanted');
    expect(await stored()).toEqual(['a']);
  });
});

describe('a statement that nobody waits for', () => {
  test('goes out with the next', async () => {
    await database.tenantTransaction(MAIN, async (transaction) => {
      transaction.send(insert('a'));
      await transaction.query(statement('SELECT 1'));
      transaction.send(insert('b'));
    });
    expect(trips()).toEqual([
      [INSERT, 'SELECT 1'],
      [INSERT, 'COMMIT'],
    ]);
  });

  test('does not go out behind one under way, but with COMMIT', async () => {
    await database.tenantTransaction(MAIN, async (transaction) => {
      const first = transaction.query(statement('SELECT 1'));
      await new Promise(setImmediate);
      transaction.send(insert('a'));
      await first;
    });
    expect(trips()).toEqual([['SELECT 1'], [INSERT, 'COMMIT']]);
  });

  test.each([
    ['with COMMIT', async () => undefined],
    ['with another', (t: TenantTransaction) => t.query(statement('SELECT 1')).catch(() => undefined)],
    ['before others that fail too', (t: TenantTransaction) => t.query(insert('b')).catch(() => undefined)],
  ])('fails the transaction with its own error, sent %s', async (_when, then) => {
    const work = database.tenantTransaction(MAIN, async (transaction) => {
      transaction.send(insert('a'));
      transaction.send(FAILING);
      await then(transaction);
    });
    await expect(work).rejects.toThrow('division by zero');
    expect(await stored()).toEqual([]);
  });

  test('fails nothing when it was undone', async () => {
    await database.tenantTransaction(MAIN, async (transaction) => {
      transaction.send(statement('SAVEPOINT here'));
      transaction.send(FAILING);
      await transaction.query(statement('SELECT 1')).catch(() => undefined);
      await transaction.query(statement('ROLLBACK TO SAVEPOINT here'));
      transaction.send(insert('a'));
    });
    expect(await stored()).toEqual(['a']);
  });

  test('is not sent when the work throws', async () => {
    const work = database.tenantTransaction(MAIN, async (transaction) => {
      await transaction.query(statement('SELECT 1'));
      transaction.send(insert('a'));
      throw new Error('refused');
    });
    await expect(work).rejects.toThrow('refused');
    expect(trips()).toEqual([['SELECT 1'], ['ROLLBACK']]);
  });
});

test('misuse does not compile', async () => {
  // Never run: `npm run check` reports a line below that does compile.
  const misuse = async (transaction: TenantTransaction) => {
    // @ts-expect-error a service cannot commit …
    transaction.commit();
    // @ts-expect-error … nor say which statement is the last, as only its runner knows
    transaction.last(FAILING);
    // @ts-expect-error … nor read after COMMIT, before there was one
    transaction.queryAfterCommit(FAILING);
    // @ts-expect-error what is pending is not there yet …
    const name: string = await createGroup(transaction, 'a');
    // @ts-expect-error … nor are the rows of a statement that nobody awaits
    const [row] = transaction.send(insert('a'));
    // @ts-expect-error awaiting it takes the transaction: there is no other way
    const rows: { name: string }[] = await transaction.send(insert('a'));
    // @ts-expect-error two services compose only when the first one's result is dealt with
    const joined: string = (await createGroup(transaction, 'a')) + (await createGroup(transaction, 'b'));
    return { name, row, rows, joined };
  };
  expect(misuse).toBeTypeOf('function');
});
