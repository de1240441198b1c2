import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { recordSentBatches } from '../helpers/sent-batches.js';
import { seedStaff } from '../helpers/staff.js';
import { type Markers, sendMarkers } from './marked-requests.js';

let app: TestApp;
const { batches, stop } = recordSentBatches();

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
});
afterAll(async () => {
  stop();
  await app?.close();
});

/** The query that each new connection sends once, whenever the pool opens it. */
const OF_CONNECTIONS = /pg_backend_pid\(\)/;

/** Collects the statements sent while every route is requested with markers in every place. */
async function statementsFor(markers: Markers) {
  const token = await app.logIn('admin');
  batches.length = 0;
  expect(await sendMarkers(app, token, markers)).toBeGreaterThan(300);
  const texts = new Set(batches.flatMap(({ statements }) => statements.map(({ sql }) => sql)));
  return { texts, parameters: batches.flatMap(({ parameters }) => parameters) };
}

test('no value of a request reaches the text of a statement', { timeout: 300_000 }, async () => {
  const markers = { word: 'zqxj', number: 7_734_511, date: '1977-03-04' };
  const { texts, parameters } = await statementsFor(markers);
  for (const marker of Object.values(markers).map(String)) {
    expect([...texts].filter((text) => text.toLowerCase().includes(marker))).toEqual([]);
    // They did reach the database.
    expect(parameters.filter((given) => given.includes(marker)).length).toBeGreaterThan(1);
  }
  // Nor in another form: with other markers no statement differs.
  const others = await statementsFor({ word: 'kwpv', number: 9_951_307, date: '1988-11-21' });
  expect([...others.texts].filter((text) => !texts.has(text) && !OF_CONNECTIONS.test(text))).toEqual([]);
});
