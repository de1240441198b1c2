import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { csvLines, withoutApostrophes } from './csv.js';

test('what a spreadsheet would run as a formula is made text, and comes back as it was', () => {
  const cells = ['=1+1', '+977', '-1', '@x', '\tx', '\rx', '＝1', 'a=1', "'x", '', 'a,"b"\nc'];
  const line = csvLines([cells]);
  expect(line).toBe(`'=1+1,'+977,'-1,'@x,'\tx,"'\rx",'＝1,a=1,'x,,"a,""b""\nc"\r\n`);
  for (const cell of [...cells.slice(0, 9), "'=1", "''+977", "'-", "'", "''x", "'t Hooft"]) {
    expect(
      withoutApostrophes(
        csvLines([[cell]])
          .slice(0, -2)
          .replaceAll('"', ''),
      ),
    ).toBe(cell);
  }
  expect(csvLines([[1, -2.5, true, false, null]])).toBe('1,-2.5,true,false,\r\n');
});

/** Returns what a spreadsheet shows for a piece of a line that it takes for a cell. */
function shown(piece: string): string {
  if (!piece.startsWith('"')) return piece;
  let text = '';
  for (let at = 1; at < piece.length; at++) {
    if (piece[at] !== '"') text += piece[at];
    else if (piece[at + 1] === '"') text += piece[at++];
    else return text + piece.slice(at + 1);
  }
  return text;
}

test.each([';', '\t', '|', '\u061b', '\u060c'])(
  'no formula begins where a spreadsheet splits at %j, and cells come back as they were',
  (delimiter) => {
    const letter = fc.constantFrom('a', delimiter, '=', '+', '-', '@', '"', "'", '\n', '\r', ',', ' ', '1');
    const rows = fc.array(fc.array(fc.string({ unit: letter }), { minLength: 2, maxLength: 2 }), {
      minLength: 1,
    });
    fc.assert(
      fc.property(rows, (given) => {
        const file = csvLines(given);
        for (const piece of file.split(/[\r\n]/).flatMap((line) => line.split(delimiter))) {
          expect(shown(piece)).not.toMatch(/^[=+\-@]/);
        }
        const read = parse(file, { record_delimiter: '\r\n' }) as string[][];
        expect(read.map((row) => row.map(withoutApostrophes))).toEqual(given);
      }),
    );
  },
);

test('ordinary cells stay as they are', () => {
  const cells = [
    ...['Rai; Maya', 'a-b;c', 'x;y=1', '1;2', 'Tel. 01;02', 'one\ntwo', 'a | b', "it's;'quoted'"],
    ...['a; -1', 'one\n* two', "O'Neil", 'a,b'],
  ];
  expect((parse(csvLines([cells])) as string[][])[0]).toEqual(cells);
  expect(csvLines([['a;=1+1', 'a;"=1+1', 'a\t-1', 'a\n@x']])).toBe(`a;'=1+1,"a;'""=1+1",a\t'-1,"a\n'@x"\r\n`);
});
