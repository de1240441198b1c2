import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { REPORTS } from '../../src/immigration/reports/reports.js';
import type { RouteDefinition } from '../../src/routing/route.js';
import { startTestApp } from '../helpers/app.js';
import { createRecord, isList, isRecordRoute, pathOf, routeName } from '../helpers/routes.js';
import { SAMPLES } from '../helpers/samples/index.js';
import { recordSentBatches } from '../helpers/sent-batches.js';
import { seedStaff } from '../helpers/staff.js';

// Counts how often a list or a report goes to the database, where everything leaves for it. Generated over all routes.

/** Enough that a statement for each record would show. */
const RECORDS = 8;
const AT_MOST = 2;
const EVERY_PAGE = ['', '?page_size=1', '?page_size=100', '?page_size=3&page=2', '?page=last&page_size=3'];
const SOME_PAGES = ['?page_size=1', '?page_size=100', '?page=last&page_size=3'];
/** Users by page: statements depend on the scope, not on the page, so one requests all pages. */
const ASKING = new Map([
  ['admin', EVERY_PAGE],
  ['manager1', SOME_PAGES],
  ['branch1', SOME_PAGES],
  ['consultant1', SOME_PAGES],
]);

const app = await startTestApp();
const sent = recordSentBatches();
afterAll(async () => {
  sent.stop();
  await app.close();
});
await seedStaff(app);

/** The queries of lists without pages. */
const QUESTIONS: Readonly<Record<string, string>> = { '/api/v1/search/': '?q=Sample' };

const isPaged = ({ query = {} }: RouteDefinition) => query.page_size !== undefined;
const isReport = ({ response }: RouteDefinition) => response?.properties?.rows !== undefined;
const lists = app.app.routes.filter((route) => isList(route) || isReport(route));

const tokens = new Map<string, string>();
beforeAll(async () => {
  for (const name of ASKING.keys()) tokens.set(name, await app.logIn(name));
  for (const { create } of Object.values(SAMPLES)) {
    await app.database.tenantTransaction({ schema: 'tenant_main', userId: null }, async (transaction) => {
      for (let made = 0; made < RECORDS; made++) await create(transaction, { archived: false });
    });
  }
});

interface Cost {
  readonly page: string;
  readonly status: number;
  readonly trips: number;
  readonly statements: number;
}

/** Returns the costs of the answers to requests for these pages. */
async function costsOf(path: string, token: string | undefined, pages: readonly string[]): Promise<Cost[]> {
  const costs: Cost[] = [];
  for (const page of pages) {
    sent.batches.length = 0;
    const { status } = await app.ask('GET', path + page, { token });
    const { batches } = sent;
    const statements = batches.flatMap((batch) => batch.statements).length;
    costs.push({ page, status, trips: batches.length, statements });
  }
  return costs;
}

/** Returns whether costs are as expected; a page that does not exist may take fewer statements. */
function isAsItShouldBe(costs: readonly Cost[]): boolean {
  const counts = costs.filter(({ status }) => status === 200).map(({ statements }) => statements);
  return costs.every(({ trips }) => trips <= AT_MOST) && new Set(counts).size <= 1;
}

test('what is sent is seen', async () => {
  await costsOf('/api/v1/regions/', tokens.get('admin'), ['']);
  const texts = sent.batches.at(-1)?.statements.map(({ sql }) => sql.split(/\s/, 1)[0]);
  expect(texts).toEqual(['BEGIN', 'SELECT', 'SELECT', 'SELECT', 'COMMIT']); // tenant, count, page
});

test('there are lists to count for', () => {
  expect(lists.filter(isPaged).length).toBeGreaterThan(30);
  expect(lists.filter((list) => !isPaged(list)).length).toBeGreaterThan(5);
  expect(lists.filter(isReport)).toHaveLength(REPORTS.length);
});

describe.each(lists.map((list) => [routeName(list), list] as const))('%s', (_name, list) => {
  test('takes at most two round trips and no more statements for a larger page, whoever asks', async () => {
    const id = isRecordRoute(list) ? await createRecord(app, 'tenant_main', list) : 0;
    const path = pathOf(list, id);
    for (const [name, pages] of ASKING) {
      const asked = isPaged(list) ? pages : [QUESTIONS[list.path] ?? ''];
      let costs: Cost[] = [];
      // Cached tenants and users expire every few seconds, and the next request pays for reading them: not twice.
      for (let attempt = 0; attempt < 3; attempt++) {
        costs = await costsOf(path, tokens.get(name), asked);
        if (isAsItShouldBe(costs)) break;
      }
      expect(isAsItShouldBe(costs), `${name}: ${JSON.stringify(costs)}`).toBe(true);
      const answered = costs.filter(({ page }) => !page.endsWith('page=2')).map(({ status }) => status);
      if (name === 'admin') expect(new Set(answered)).toEqual(new Set([200]));
    }
  });
});
