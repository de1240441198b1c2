import { afterAll, beforeAll, expect, test } from 'vitest';
import { IMPORTS, type ImportTest, importTest, sendFile } from './setting.js';

let t: ImportTest;
beforeAll(async () => {
  t = await importTest();
});
afterAll(() => t?.close());

const HEADER = 'First name,Surname,Gender,Country\n';
const surnames = async () =>
  (await t.sql('SELECT last_name FROM immigration_client ORDER BY id')).map(({ last_name }) => last_name);
const clear = () => t.sql('DELETE FROM immigration_client');

test('a file in UTF-8 but for one byte keeps its texts, and refuses the row with that byte', async () => {
  await clear();
  const file = Buffer.concat([
    Buffer.from(`${HEADER}Zoë,Müller,F,DE\n"Two\nLines",Brontë,F,GB\nJo,M`),
    Buffer.from([0xfc]),
    Buffer.from('ller,F,DE\nAna,Núñez,F,ES\n'),
  ]);
  const draft = await t.upload(file);
  expect([draft.encoding, draft.encoding_choices]).toEqual(['utf-8', []]);
  const done = await t.done(draft.id, 'run');
  expect([done.created, done.failed]).toEqual([3, 1]);
  expect(done.failures).toEqual([
    {
      row: 4,
      errors: {
        last_name: [
          `Line 5, column 2 ("Surname"): "M\ufffdller" has characters that are invalid in the file's encoding; correct them, or choose the encoding.`,
        ],
      },
    },
  ]);
  expect(await surnames()).toEqual(['Müller', 'Brontë', 'Núñez']);
});

test('a file that does not tell its encoding is asked about, with samples, and nothing is brought in before', async () => {
  await clear();
  const draft = await t.upload(Buffer.from(`${HEADER}Zoë,Müller,F,DE\nJosé,Núñez,M,ES\n`, 'latin1'));
  expect([draft.status, draft.encoding, draft.columns, draft.row_count]).toEqual(['DRAFT', '', [], 0]);
  expect(draft.encoding_choices[0]).toEqual({
    encoding: 'windows-1252',
    samples: ['Zoë', 'Müller', 'José', 'Núñez'],
  });
  expect(draft.encoding_choices.length).toBeGreaterThan(3);
  for (const action of ['dry-run', 'run']) {
    const answer = await t.ask('POST', `${IMPORTS}${draft.id}/${action}/`);
    expect([answer.status, Object.keys(answer.body)]).toEqual([400, ['encoding']]);
  }
  expect(await surnames()).toEqual([]);

  const choose = (encoding: string, by?: string) =>
    t.ask('POST', `${IMPORTS}${draft.id}/encoding/`, { encoding }, by);
  expect((await choose('klingon')).body).toEqual({ encoding: ['"klingon" is not a valid choice.'] });
  expect((await choose('utf-8', 'branch1')).status).toBe(404);
  // A wrong choice shows, and can be changed until the run.
  expect((await choose('macintosh')).body.columns[1].samples).toEqual(['M¸ller', 'N˙Òez']);
  expect((await t.done(draft.id, 'dry-run')).created).toBe(2);
  const chosen = await choose('windows-1252');
  expect(chosen.body).toMatchObject({
    encoding: 'windows-1252',
    row_count: 2,
    processed: 0,
    checked_at: null,
  });
  expect(chosen.body.columns[1]).toEqual({
    header: 'Surname',
    field: 'last_name',
    samples: ['Müller', 'Núñez'],
  });
  expect((await t.done(draft.id, 'run')).created).toBe(2);
  expect(await surnames()).toEqual(['Müller', 'Núñez']);
  expect((await choose('utf-8')).status).toBe(400);
  expect(await t.sql('SELECT FROM client_import_source WHERE import_id = $1', [draft.id])).toEqual([]);
});

test('a file that tells its encoding is not asked about, nor one of which it was said', async () => {
  const utf16 = await t.upload(Buffer.from(`\ufeff${HEADER}Zoë,Müller,F,DE\n`, 'utf16le'));
  expect([utf16.encoding, utf16.encoding_choices]).toEqual(['utf-16le', []]);
  const answer = await t.ask('POST', `${IMPORTS}${utf16.id}/encoding/`, { encoding: 'windows-1252' });
  expect([answer.status, answer.body]).toEqual([
    400,
    { encoding: ['The file tells that it is utf-16le; to read it otherwise, send it again.'] },
  ]);
  const { body } = await sendFile(
    t.app,
    t.tokens.admin ?? '',
    Buffer.from(`${HEADER}Zoë,Müller,F,DE\n`, 'latin1'),
    {
      fields: { encoding: 'windows-1252' },
    },
  );
  expect([body.encoding, body.columns[1].samples]).toEqual(['windows-1252', ['Müller']]);
});

test('the rows that failed can be put right and sent again, with every apostrophe that they had', async () => {
  await clear();
  const { id } = await t.upload(`First name,Surname,Gender,Country\n'=Maya,''+Rai,Q,NP\n`);
  await t.done(id, 'run');
  const report = (await t.ask('GET', `${IMPORTS}${id}/failures/`)).body as string;
  const again = await t.upload(report.replace(',Q,', ',F,'));
  expect((await t.done(again.id, 'run')).created).toBe(1);
  expect(await t.sql('SELECT first_name, last_name FROM immigration_client')).toEqual([
    { first_name: '=Maya', last_name: "'+Rai" },
  ]);
});
