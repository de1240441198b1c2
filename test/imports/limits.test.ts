import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { IMPORTS, type ImportTest, importTest, sendFile } from './setting.js';

let t: ImportTest;
beforeAll(async () => {
  t = await importTest({
    environment: {
      IMPORTS_WAITING_PER_USER: '2',
      IMPORTS_WAITING_PER_TENANT: '3',
      IMPORTS_MB_PER_USER: '3',
      IMPORTS_MB_PER_TENANT: '5',
    },
  });
});
afterAll(() => t?.close());
beforeEach(async () => {
  await t.sql('DELETE FROM client_import; DELETE FROM immigration_client');
});

const SMALL = 'first_name,gender,country\nMaya,F,NP\n';
/** A file of 1.2 MB. */
const LARGE = `first_name,gender,country,description\n${`Maya,F,NP,${'x'.repeat(600_000)}\n`.repeat(2)}`;
const act = (id: number, action: string, by?: string) =>
  t.ask('POST', `${IMPORTS}${id}/${action}/`, undefined, by);
const send = (file: string, by: string, host = 'main') => sendFile(t.app, t.tokens[by] ?? '', file, { host });

describe('imports that wait', () => {
  test('are bounded for each user and each agency, however many are begun at once', async () => {
    const own = [await t.upload(SMALL), await t.upload(SMALL), await t.upload(SMALL), await t.upload(SMALL)];
    const answers = await Promise.all(own.map(({ id }) => act(id, 'run')));
    const refused = answers.filter(({ status }) => status === 429);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(2);
    expect(refused).toHaveLength(2);
    expect(refused[0]?.headers['retry-after']).toBe('30');
    expect(refused[0]?.body).toEqual({
      detail: 'You have 2 imports waiting already. Try again when one is done.',
    });

    const others = [await t.upload(SMALL, 'manager1'), await t.upload(SMALL, 'manager1')];
    expect((await act(others[0]?.id, 'run', 'manager1')).status).toBe(200);
    const beyond = await act(others[1]?.id, 'run', 'manager1');
    expect([beyond.status, beyond.body.detail]).toEqual([
      429,
      'The agency has 3 imports waiting already. Try again when one is done.',
    ]);
    const elsewhere = await t.upload(SMALL, 'elsewhere');
    expect((await act(elsewhere.id, 'run', 'elsewhere')).status).toBe(200);

    const worker = t.start();
    const [first] = await t.sql(
      `SELECT id::integer FROM client_import WHERE status = 'RUNNING' ORDER BY id LIMIT 1`,
    );
    await t.until(first?.id, ['COMPLETED']);
    await worker.stop();
    expect((await act(others[1]?.id, 'run', 'manager1')).status).toBe(200);
  });
});

describe('files that are kept', () => {
  test('are bounded for each user and each agency, until some are removed', async () => {
    const kept = [await t.upload(LARGE), await t.upload(LARGE)];
    const refused = await send(LARGE, 'admin');
    expect([refused.status, refused.headers['retry-after'], refused.body]).toEqual([
      429,
      '3600',
      { detail: 'The files of your imports take 2 MB of 3 MB. Remove imports that are no longer needed.' },
    ]);
    await t.upload(LARGE, 'manager1');
    await t.upload(LARGE, 'manager1');
    const full = await send(LARGE, 'consultant1');
    expect([full.status, full.body.detail]).toEqual([
      429,
      'The files of all imports take 5 MB of 5 MB. Remove imports that are no longer needed.',
    ]);
    expect((await send(LARGE, 'elsewhere', 'demo')).status).toBe(201);

    expect((await t.ask('DELETE', `${IMPORTS}${kept[0]?.id}/`)).status).toBe(204);
    await t.upload(LARGE);
  });

  test('are bounded also where several come at once', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => send(LARGE, 'admin')));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 429, 429, 429]);
  });
});
