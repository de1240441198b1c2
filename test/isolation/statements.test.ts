import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Entry } from '../../src/database/batch.js';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { seedStaff } from '../helpers/staff.js';
import { type Markers, sendMarkers } from './marked-requests.js';

/** Every statement that this process sends to the database: its text and its parameters. */
const sent: { readonly text: string; readonly parameters: string }[] = [];
const { query } = pg.Client.prototype;

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  function recorded(this: pg.Client, ...given: unknown[]) {
    const [what, values] = given as [string | { statements: readonly Entry[] }, unknown];
    const all = typeof what === 'string' ? [{ sql: what, values }] : what.statements;
    for (const one of all) sent.push({ text: one.sql, parameters: JSON.stringify(one.values ?? []) });
    return Reflect.apply(query, this, given);
  }
  pg.Client.prototype.query = recorded as typeof query;
});
afterAll(async () => {
  pg.Client.prototype.query = query;
  await app?.close();
});

/** What is sent while markers are in every place of requests to every route. */
async function statementsFor(markers: Markers) {
  const token = await app.logIn('admin');
  sent.length = 0;
  expect(await sendMarkers(app, token, markers)).toBeGreaterThan(300);
  return { texts: new Set(sent.map(({ text }) => text)), parameters: sent.map((one) => one.parameters) };
}

test('no value of a request reaches the text of a statement', { timeout: 120_000 }, async () => {
  const markers = { word: 'zqxj', number: 7_734_511, date: '1977-03-04' };
  const { texts, parameters } = await statementsFor(markers);
  for (const marker of Object.values(markers).map(String)) {
    expect([...texts].filter((text) => text.toLowerCase().includes(marker))).toEqual([]);
    // They did get as far as the database.
    expect(parameters.filter((given) => given.includes(marker)).length).toBeGreaterThan(1);
  }
  // Nor in some other form: with other markers not one statement reads differently.
  const others = await statementsFor({ word: 'kwpv', number: 9_951_307, date: '1988-11-21' });
  expect([...others.texts].filter((text) => !texts.has(text))).toEqual([]);
});
