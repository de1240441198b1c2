import { afterAll, beforeAll, expect, test } from 'vitest';
import { IMPORT_FIELDS } from '../../src/immigration/client-imports/columns.js';
import { cpuOf, leastOf } from '../helpers/processor-time.js';
import { IMPORTS, type ImportTest, importTest } from './setting.js';

let t: ImportTest;
beforeAll(async () => {
  t = await importTest();
});
afterAll(() => t?.close());

const LONG = 40_000;
/** Texts on which an expression that backtracks, or that looks again from every place, takes seconds. */
const FILLINGS = [
  ...[' ', '\u3000', ', ', ',', '.', '0', '(', '+', '-', '/ ', 'a', 'A_', '"" ', '@', 'a@', 'no', '\u0301'],
  ...['\ufdfa', '1.', 'e+', '<', '\n', '\r\n', "'", '=', 'x1', '#:'],
];
const hostile = (filling: string) =>
  `"a${filling.repeat(LONG / filling.length)}${filling.includes('"') ? '' : 'b'}"`;
const ORDINARY: Readonly<Record<string, string>> = {
  first_name: 'Maya',
  gender: 'F',
  country: 'NP',
};
/** Limit of the processor's time, which other programs on the machine do not prolong, in milliseconds. */
const LIMIT_MS = 1_500;

/** Uploads a file and checks it, within the limit. */
async function dryRunOf(csv: string) {
  const checked = async () => {
    const draft = await t.upload(csv);
    const answer = await t.ask('POST', `${IMPORTS}${draft.id}/dry-run/`);
    expect(answer.status).toBe(200);
    return { draft, answer };
  };
  let result: Awaited<ReturnType<typeof checked>> | undefined;
  const measure = () =>
    cpuOf(async () => {
      result = await checked();
    });
  expect(await leastOf(measure, LIMIT_MS)).toBeLessThan(LIMIT_MS);
  return result as Awaited<ReturnType<typeof checked>>;
}

/** Returns a file whose rows have a hostile text in this column, and ordinary ones in the others. */
function fileWith(field: string): string {
  const others = Object.keys(ORDINARY).filter(
    (name) => name !== field && !(field === 'full_name' && name === 'first_name'),
  );
  const rows = FILLINGS.map((filling) =>
    [hostile(filling), ...others.map((name) => ORDINARY[name])].join(','),
  );
  return `${[field, ...others].join(',')}\n${rows.join('\n')}\n`;
}

test.each(IMPORT_FIELDS)('a cell of %s is refused in time that its length accounts for', async (field) => {
  const { answer } = await dryRunOf(fileWith(field));
  const { failed, processed, failures } = answer.body;
  expect(processed).toBe(FILLINGS.length);
  if (field === 'description') {
    expect(failed).toBe(0);
    return;
  }
  expect(failed).toBe(FILLINGS.length);
  for (const { errors } of failures) {
    expect(Object.keys(errors)).toContain(field);
    expect(JSON.stringify(errors).length).toBeLessThan(500);
  }
});

test('a long full name is refused whole, never cut to one that would be accepted', async () => {
  const { answer } = await dryRunOf(`full_name,gender,country\na${' '.repeat(LONG)}b,F,NP\n`);
  expect(answer.body.failures).toEqual([
    { row: 2, errors: { full_name: ['Ensure this field has no more than 400 characters.'] } },
  ]);
});

test('headers and columns for no field take no longer', async () => {
  const fillings = FILLINGS.slice(0, 20); // a row holds 1 MB at most
  const headers = fillings.map(hostile).join(',');
  const row = ['Maya', 'F', 'NP', ...fillings.map(hostile)].join(',');
  const { draft, answer } = await dryRunOf(`first_name,gender,country,${headers}\n${`${row}\n`.repeat(3)}`);
  expect(answer.body).toMatchObject({ processed: 3, failed: 0 });
  expect(JSON.stringify(draft.columns).length).toBeLessThan(20_000);
});
