import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CellSettings, readCellSettings } from './cell-settings.js';
import { SettingsReader } from './settings-reader.js';

const main = { host: 'one', port: 5432, database: 'leopard', user: 'app', password: 'x' };
const EU2 = { url: 'postgres://app:s3cret@two/leopard', owner_url: 'postgres://owner:0wner@two/leopard' };
let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'cells-'));
});

afterAll(() => rmSync(directory, { recursive: true }));

function read(values: Record<string, string>): { cells: CellSettings[]; problems: string[] } {
  const reader = new SettingsReader(values);
  return { cells: readCellSettings(reader, { main, directory }), problems: reader.problems };
}

const given = (cells: unknown) => read({ LEOPARD_CELLS: JSON.stringify(cells) });

describe('cells', () => {
  test('none are configured by default', () => {
    expect(read({})).toEqual({ cells: [], problems: [] });
  });

  test('each has the connections of the program, of the owner, the direct one, and that of its replica', () => {
    const direct_url = 'postgresql://app:s3cret@two:6432/leopard';
    const replica_url = 'postgresql://app:s3cret@three/leopard';
    expect(given({ eu2: { ...EU2, direct_url, replica_url } })).toEqual({
      cells: [
        {
          name: 'eu2',
          app: { host: 'two', port: 5432, database: 'leopard', user: 'app', password: 's3cret' },
          owner: { host: 'two', port: 5432, database: 'leopard', user: 'owner', password: '0wner' },
          direct: { host: 'two', port: 6432, database: 'leopard', user: 'app', password: 's3cret' },
          replica: {
            host: 'three',
            port: 5432,
            database: 'leopard',
            user: 'app',
            password: 's3cret',
            answersWithin: 1000,
          },
        },
      ],
      problems: [],
    });
  });

  test('a file holds the same', () => {
    writeFileSync(join(directory, 'cells.json'), JSON.stringify({ eu2: EU2 }));
    expect(read({ LEOPARD_CELLS_FILE: 'cells.json' })).toEqual(given({ eu2: EU2 }));
    expect(read({ LEOPARD_CELLS_FILE: 'none.json' }).problems).toEqual([
      expect.stringMatching(/^LEOPARD_CELLS_FILE cannot be read \(ENOENT/),
    ]);
    expect(read({ LEOPARD_CELLS_FILE: 'cells.json', LEOPARD_CELLS: '{}' }).problems).toEqual([
      'LEOPARD_CELLS_FILE and LEOPARD_CELLS are both given; set one of them',
    ]);
  });

  test.each<[unknown, RegExp]>([
    ['text', /must be JSON such as/],
    [['eu2'], /must be JSON such as/],
    [{ main: EU2 }, /the cell "main"; a name has 2 to 63/],
    [{ Eu2: EU2 }, /the cell "Eu2"; a name has/],
    [{ '': EU2 }, /the cell ""; a name has/],
    [{ ['a'.repeat(64)]: EU2 }, /a name has/],
    [{ eu2: null }, /cell eu2 must be an object with url, owner_url, direct_url/],
    [{ eu2: {} }, /cell eu2 lacks url/],
    [{ eu2: { ...EU2, uri: '' } }, /cell eu2 has "uri"; known are/],
    [{ eu2: { url: 'postgres://two' } }, /cell eu2: url must look like postgres:/],
    [{ eu2: { ...EU2, url: 5 } }, /cell eu2: url must look like postgres:/],
    [{ eu2: { ...EU2, owner_url: EU2.url } }, /owner_url must not be the program's role app/],
    [{ eu2: EU2, eu3: EU2 }, /cells eu2 and eu3 are one database, two:5432\/leopard/],
    [{ eu2: { url: 'postgres://app:x@one/leopard' } }, /cells main and eu2 are one database/],
  ])('%j is refused in one line without passwords', (cells, problem) => {
    const { problems } = typeof cells === 'string' ? read({ LEOPARD_CELLS: cells }) : given(cells);
    expect(problems).toEqual([expect.stringMatching(problem)]);
    expect(problems.join()).not.toMatch(/s3cret|0wner/);
  });
});
