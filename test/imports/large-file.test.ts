import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Row } from '../helpers/tenant-sql.js';
import { IMPORTS, type ImportTest, importTest } from './setting.js';

// `LARGE_IMPORT_ROWS=100000 npx vitest run test/imports/large-file.test.ts` prints the figures of docs/csv.md.
const ROWS = Number(process.env.LARGE_IMPORT_ROWS ?? 5_000);

let t: ImportTest;
beforeAll(async () => {
  t = await importTest();
});
afterAll(() => t?.close());

const COLUMNS =
  'first_name,last_name,gender,country,email,phone,dob,street,suburb,state,postcode,stage,visa category,branch';
const file = (stage: string) =>
  `${COLUMNS}\n${Array.from(
    { length: ROWS },
    (_, n) =>
      `First${n},Last${n},F,Nepal,person${n}@example.com,+977 98${String(n).padStart(8, '0')},1990-02-28,${n} Long Street,Kathmandu,Bagmati,44600,${stage},Student,One`,
  ).join('\n')}\n`;

/** Runs an action with a worker; returns how long others wait meanwhile, in milliseconds. */
async function measured(
  id: number,
  action: 'dry-run' | 'run' | 'undo',
  ends: string,
): Promise<{ row: Row; line: string }> {
  const waits: number[] = [];
  const begun = performance.now();
  const answer = await t.ask('POST', `${IMPORTS}${id}/${action}/`);
  const asked = performance.now() - begun;
  expect(answer.status).toBe(200);
  const worker = t.start();
  let row: Row;
  do {
    const from = performance.now();
    await t.ask('GET', '/api/v1/clients/?page_size=25', undefined, 'elsewhere');
    waits.push(performance.now() - from);
    await sleep(20);
    row = (await t.ask('GET', `${IMPORTS}${id}/`)).body;
  } while (row.status !== ends);
  const seconds = (performance.now() - begun) / 1000;
  await worker.stop();
  waits.sort((a, b) => a - b);
  const rate = Math.round(ROWS / seconds);
  const p = (share: number) => waits[Math.floor((waits.length - 1) * share)]?.toFixed(0);
  const line = `${action}: ${rate} rows/s; the request ${asked.toFixed(0)} ms; another tenant's list p50 ${p(0.5)} ms, p99 ${p(0.99)} ms, at most ${p(1)} ms`;
  return { row, line };
}

describe(`a file of ${ROWS.toLocaleString('en')} rows`, () => {
  test('is taken, checked, brought in, brought in again as updates, and undone, while others work', {
    timeout: 600_000,
  }, async () => {
    const lines: string[] = [];
    const content = file('LEAD');
    const from = performance.now();
    const draft = await t.upload(content);
    lines.push(
      `upload of ${(content.length / 1e6).toFixed(1)} MB: ${(performance.now() - from).toFixed(0)} ms`,
    );
    const step = async (id: number, action: 'dry-run' | 'run' | 'undo', ends: string) => {
      const { row, line } = await measured(id, action, ends);
      lines.push(line);
      return row;
    };
    expect(await step(draft.id, 'dry-run', 'DRAFT')).toMatchObject({
      processed: ROWS,
      created: ROWS,
      failed: 0,
    });
    expect(await step(draft.id, 'run', 'COMPLETED')).toMatchObject({ created: ROWS, failed: 0 });
    expect(await step((await t.upload(content)).id, 'run', 'COMPLETED')).toMatchObject({
      skipped: ROWS,
      failed: 0,
    });

    const changes = await t.upload(file('CLIENT'));
    await t.ask('PATCH', `${IMPORTS}${changes.id}/`, { duplicates: 'update' });
    expect(await step(changes.id, 'run', 'COMPLETED')).toMatchObject({ updated: ROWS, failed: 0 });
    const [events] = await t.sql(
      `SELECT count(*)::integer AS n FROM immigration_event WHERE event_type = 'Client.stage.UPDATE'`,
    );
    expect(events?.n).toBe(ROWS);

    expect(await step(changes.id, 'undo', 'UNDONE')).toMatchObject({ undone: ROWS, kept: 0 });
    expect(await step(draft.id, 'undo', 'UNDONE')).toMatchObject({ undone: ROWS, kept: 0 });
    const [left] = await t.sql(
      'SELECT count(*)::integer AS n FROM immigration_client WHERE deleted_at IS NULL',
    );
    expect(left?.n).toBe(0);
    console.log(lines.join('\n'));
  });
});
