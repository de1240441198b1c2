import { describe, expect, test } from 'vitest';
import { cpuOf, leastOf } from '../../../test/helpers/processor-time.js';
import { COUNTRY_CODES } from '../../http/fields/countries.js';
import { countryName } from '../shared/country-names.js';
import { isTooLong, readCells } from './cells.js';
import { guessFields, IMPORT_FIELDS } from './columns.js';
import { countryCode, countryProblem } from './country-names.js';
import { guessDateFormat, isoDate } from './dates.js';
import { type ClientFile, readClientFile, type Undecided } from './file.js';
import { MOST_ROWS, PART_ROWS } from './file-draft.js';

const read = async (text: string | Buffer, options = {}) =>
  (await readClientFile(Buffer.from(text as string), options)) as ClientFile;
const rowsOf = ({ parts }: { parts: readonly string[] }) => parts.flatMap((part) => JSON.parse(part));

describe('a file', () => {
  const TEXT = 'name;town\r\nÉlodie;Zürich\r\n';
  const swapped = (text: string) => Buffer.from(text, 'utf16le').swap16();
  test.each([
    ['utf-8', Buffer.from(TEXT)],
    ['utf-8', Buffer.from(`\ufeff${TEXT}`)],
    ['utf-16le', Buffer.from(`\ufeff${TEXT}`, 'utf16le')],
    ['utf-16le', Buffer.from(TEXT, 'utf16le')],
    ['utf-16be', swapped(`\ufeff${TEXT}`)],
    ['utf-16be', swapped(TEXT)],
  ])('in %s is understood', async (encoding, content) => {
    const file = await read(content);
    expect(file).toMatchObject({
      encoding,
      isDamaged: false,
      delimiter: 'semicolon',
      headers: ['name', 'town'],
      rowCount: 1,
    });
    expect(rowsOf(file)).toEqual([[2, 'Élodie', 'Zürich']]);
  });

  const bytes = (...parts: (string | number)[]) =>
    Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from([part]))));

  test('that does not tell its encoding is not guessed at, but shown in those that it can have', async () => {
    const { choices } = (await readClientFile(Buffer.from(TEXT, 'latin1'))) as Undecided;
    expect(choices[0]).toEqual({ encoding: 'windows-1252', samples: ['Élodie', 'Zürich'] });
    expect(choices.find(({ encoding }) => encoding === 'macintosh')?.samples).toEqual(['…lodie', 'Z¸rich']);
    expect(choices.at(-1)).toEqual({ encoding: 'utf-8', samples: ['\ufffdlodie', 'Z\ufffdrich'] });
    expect(await read(Buffer.from(TEXT, 'latin1'), { encoding: 'windows-1252' })).toMatchObject({
      encoding: 'windows-1252',
      isDamaged: false,
    });
  });

  test.each([
    ['shift_jis', [0x8e, 0x52, 0x93, 0x63], '山田'],
    ['gb18030', [0xcd, 0xf5, 0xce, 0xb0], '王伟'],
    ['windows-1251', [0xc8, 0xe2, 0xe0, 0xed], 'Иван'],
    ['windows-1250', [0xa3, 0x75, 0x6b, 0x61, 0x73, 0x7a], 'Łukasz'],
  ] as const)('in %s is among those offered', async (encoding, name, text) => {
    const { choices } = (await readClientFile(bytes('name,b\n', ...name, ',1\n'))) as Undecided;
    expect(choices.find((choice) => choice.encoding === encoding)?.samples).toEqual([text]);
  });

  test('in UTF-8 but for some bytes stays UTF-8, and tells the lines that cannot be read', async () => {
    const content = bytes(
      'name,note\nMüller,"two\nlines"\nM',
      0xfc,
      'ller,x\n,\nZoë,y\n"A\nB',
      0xff,
      '",z\n',
    );
    const file = (await readClientFile(content)) as ClientFile;
    expect(file).toMatchObject({ encoding: 'utf-8', isDamaged: true });
    expect(rowsOf(file)).toEqual([
      [2, 'Müller', 'two\nlines'],
      [[3, 4], 'M\ufffdller', 'x'],
      [5, 'Zoë', 'y'],
      [[6, 7], 'A\nB\ufffd', 'z'],
    ]);
  });

  test('in other scripts is understood, wherever it is cut while reading', async () => {
    const names = Array.from({ length: 40_000 }, (_, n) => `सीता王${n}`);
    const file = await read(`name,x\n${names.map((name) => `${name},1\n`).join('')}`);
    expect(rowsOf(file).map(([, name]) => name)).toEqual(names);
    expect(file.parts).toHaveLength(names.length / PART_ROWS);
  });

  test.each([
    ['comma', 'a,b,c\n1,"2;3;4;5",6\n'],
    ['semicolon', 'a;b;c\n1,5;2,5;3,5\n'],
    ['tab', 'a\tb\tc\n1\t2, 3\t4\n'],
    ['pipe', 'a|b|c\n1|2|3\n'],
    ['comma', 'a\n1\n'],
    ['semicolon', 'sep=;\na,x;b,x\n1;2\n'],
  ])('parted by %s is recognised: %j', async (delimiter, text) => {
    expect((await read(text)).delimiter).toBe(delimiter);
  });

  test('may say otherwise than it looks', async () => {
    expect((await read('a;b,c\n1;2,3\n', { delimiter: 'semicolon' })).headers).toEqual(['a', 'b,c']);
    expect((await read(Buffer.from('é\nx\n'), { encoding: 'windows-1252' })).headers).toEqual(['Ã©']);
  });

  test('numbers its rows as a spreadsheet does, and passes over empty ones', async () => {
    const file = await read('name,note\n\nA,"two\nlines"\n,,\nB,\n \nC,x');
    expect(rowsOf(file)).toEqual([
      [3, 'A', 'two\nlines'],
      [5, 'B', ''],
      [7, 'C', 'x'],
    ]);
    expect(rowsOf(await read('sep=,\na,b\n1,2\n'))[0]).toEqual([3, '1', '2']);
  });

  test('shows samples that differ, and the form of its dates', async () => {
    const file = await read('name,dob,,\nA,01/02/1990,,\nA,28/02/1990,,\nB,,,\nC,,,\nD,,,\n');
    expect(file).toMatchObject({
      headers: ['name', 'dob'],
      samples: [
        ['A', 'B', 'C'],
        ['01/02/1990', '28/02/1990'],
      ],
      dateFormat: 'DD/MM/YYYY',
    });
  });

  test.each([
    ['', 'The submitted file is empty.'],
    ['name\n', 'The file must hold a line with the names of the columns, and rows below it.'],
    ['\n , \n', 'The file must hold a line with the names of the columns, and rows below it.'],
    ['name,b\n"A,b\n', 'The file cannot be read: a quoted cell does not end'],
    [
      `name\n${'x'.repeat(2_000_000)}\n`,
      'The file cannot be read: a row is too long, or its quotes are wrong',
    ],
    ['PK\x03\x04\0\0', 'The file is no CSV file: save it as CSV and send that.'],
    [`${'h,'.repeat(300)}h\n1\n`, 'The file has more than 200 columns.'],
    [`a\n${'1\n'.repeat(MOST_ROWS + 1)}`, 'The file holds more than 100,000 rows.'],
  ])('is refused for a reason: %#', async (text, reason) => {
    await expect(read(text)).rejects.toThrow(reason);
  });

  test.each([
    ['name,b\nA,"x\ny"\nB,"open\nC,c\nD,d\n', 4],
    ['sep=;\r\nname;b\r\nA;1\r\n"open;2\r\nC;3\r\n', 4],
    ['name,b\r"A ""x"" y",1\rB,"open\r', 3],
    ['name,b\n"a"b,1\nx"y,2\n"open', 4],
    ['name,b\n\n\n"one\ntwo","open\n\n', 5],
    ['"name,b\nA,1\nB,2\n', 1],
    ['name,b\nA,""\n"""open"",x\nC,1\n', 3],
  ])('whose quote is not closed is told the line in which it opens: %#', async (text, line) => {
    await expect(read(text)).rejects.toThrow(`a quoted cell does not end (line ${line}).`);
  });

  test('whose quote swallows more than a row may hold is told the line in which it opens', async () => {
    const text = `name,b\nA,1\nB,"open\n${'C,some more words\n'.repeat(80_000)}`;
    await expect(read(text)).rejects.toThrow('its quotes are wrong (line 3).');
  });

  test('of rows that are shorter than the header takes no longer than one of whole rows', async () => {
    const costOf = (row: string) => cpuOf(() => read(`one,two,three\n${row.repeat(20_000)}`));
    await costOf('a,b,c\n');
    const ratio = async () => (await costOf('a\n')) / (await costOf('a,b,c\n'));
    expect(await leastOf(ratio, 2)).toBeLessThan(2);
  });

  test('is read in turns with other work', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await read(`a,b\n${'1,2\n'.repeat(100_000)}`);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
  });
});

describe('columns', () => {
  test('are recognised by what people call them, each field once', () => {
    expect(
      guessFields([
        'First Name',
        'SURNAME',
        'E-mail',
        'email 2',
        'Phone No.',
        'Date of Birth',
        'Zip Code',
        'Fax',
        'Mobile',
        '',
      ]),
    ).toEqual(['first_name', 'last_name', 'email', '', 'phone_number', 'dob', 'postcode', '', '', '']);
    expect(guessFields(['Name', 'First name'])).toEqual(['', 'first_name']);
    expect(guessFields(['Client name'])).toEqual(['full_name']);
  });

  test('of every field are recognised by its own name', () => {
    for (const field of IMPORT_FIELDS) expect(guessFields([field])).toEqual([field]);
  });
});

describe('cells', () => {
  const one = (field: never, text: string) =>
    readCells([text], { fields: [field], dateFormat: 'DD/MM/YYYY' }).given[field];

  test.each([
    ['gender', 'f', 'FEMALE'],
    ['gender', ' Male ', 'MALE'],
    ['gender', 'unknown', 'unknown'],
    ['stage', 'follow-up', 'FOLLOW_UP'],
    ['stage', 'won', 'won'],
    ['country', 'Côte d’Ivoire', 'CI'],
    ['country', 'usa', 'US'],
    ['country', 'np', 'NP'],
    ['country', 'Atlantis', 'Atlantis'],
    ['dob', '1/2/1990', '1990-2-1'],
    ['dob', '1990/2/1', '1990-2-1'],
    ['phone_number', "'+977 1", '+977 1'],
    ['last_name', "'t Hooft", "'t Hooft"],
    ['email', '  ', undefined],
  ])('%s %j means %j', (field, text, meaning) => {
    expect(one(field as never, text)).toBe(meaning);
  });

  test('that make the row too long are seen', () => {
    expect([isTooLong(['a', 'b', ' '], 2), isTooLong(['a', 'b', 'c'], 2)]).toEqual([false, true]);
  });
});

test('dates tell day from month where they can', () => {
  expect(guessDateFormat(['01/02/1990', '13/02/1990'])).toBe('DD/MM/YYYY');
  expect(guessDateFormat(['01/02/1990', '02/13/1990'])).toBe('MM/DD/YYYY');
  expect(guessDateFormat(['1990-01-02', ''])).toBe('YYYY-MM-DD');
  expect(isoDate('02/13/1990', 'MM/DD/YYYY')).toBe('1990-02-13');
  expect(isoDate('02/13/1990', 'YYYY-MM-DD')).toBe('02/13/1990');
});

test('every country is known by its English name', () => {
  expect(
    ['Nepal', 'Viet Nam', 'United Kingdom', 'South Korea', 'Türkiye', 'Hong Kong', '中国'].map(countryCode),
  ).toEqual(['NP', 'VN', 'GB', 'KR', 'TR', 'HK', '中国']);
  expect(['Myanmar', 'Macao', 'Palestine', 'USA'].map(countryCode)).toEqual(['MM', 'MO', 'PS', 'US']);
  expect(COUNTRY_CODES.map((code) => countryCode(countryName(code)))).toEqual(COUNTRY_CODES);
});

test.each([
  ['AUS', '"AUS" is no two-letter code: use "AU" (Australia).'],
  ['npl', '"npl" is no two-letter code: use "NP" (Nepal).'],
  ['UK', '"UK" is no two-letter code: use "GB" (United Kingdom).'],
  ['Kosovo', '"Kosovo" has no code of its own in ISO 3166-1, which lists Kosovo under "RS": use that.'],
  ['XK', '"XK" has no code of its own in ISO 3166-1, which lists Kosovo under "RS": use that.'],
  [
    'Atlantis',
    '"Atlantis" is no country that is known here: give its two-letter code (ISO 3166-1), such as "NP".',
  ],
])('a country written %s is answered with the code to use', (text, problem) => {
  expect(countryProblem(text)).toBe(problem);
});
