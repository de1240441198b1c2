import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ConnectionSettings } from './connection-settings.js';
import { parseDatabaseUrl } from './database-url.js';
import { replicaOf } from './replica-settings.js';
import type { SettingsReader } from './settings-reader.js';

/** A further database in which tenants live, beside the one with the catalogue of all tenants. */
export interface CellSettings {
  readonly name: string;
  /** The connection of the program's own role. */
  readonly app: ConnectionSettings;
  /** The connection of the tables' owner; null when it is not given. */
  readonly owner: ConnectionSettings | null;
  /** The connection of the program's role past a pooler, where `app` leads to one. */
  readonly direct?: ConnectionSettings;
  /** The connection of the program's role at the cell's replica, where it has one. */
  readonly replica?: ConnectionSettings;
}

/** The name of the cell that has the catalogue, for people; in the tables it is NULL. */
export const MAIN_CELL = 'main';

const NAME = /^[a-z][a-z0-9-]{0,61}[a-z0-9]$/;
const KEYS = ['url', 'owner_url', 'direct_url', 'replica_url'] as const;
const MOST_CELLS = 200;
const EXAMPLE = '{"eu2": {"url": "postgres://…", "owner_url": "postgres://…"}}';

interface Surroundings {
  /** The connection to the catalogue's database; null for the embedded server. */
  readonly main: ConnectionSettings | null;
  /** The base directory of relative paths. */
  readonly directory: string;
  /** Timeout of connections, in milliseconds, where it is not the default. */
  readonly answersWithin?: number | undefined;
}

/** Reads the cells of LEOPARD_CELLS or of the file LEOPARD_CELLS_FILE; problems name no password. */
export function readCellSettings(read: SettingsReader, around: Surroundings): CellSettings[] {
  const hasFile = read.has('LEOPARD_CELLS_FILE');
  const setting = hasFile ? 'LEOPARD_CELLS_FILE' : 'LEOPARD_CELLS';
  if (hasFile && read.has('LEOPARD_CELLS')) {
    read.problem(setting, 'and LEOPARD_CELLS are both given; set one of them');
    return [];
  }
  const given = read.text(setting, '');
  if (given === '') return [];
  const text = hasFile ? textOf(read, resolve(around.directory, given)) : given;
  if (text === null) return [];
  return new CellsReader(read, setting, around).read(text);
}

function textOf(read: SettingsReader, file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    read.problem('LEOPARD_CELLS_FILE', `cannot be read (${(error as Error).message})`);
    return null;
  }
}

class CellsReader {
  constructor(
    private readonly reader: SettingsReader,
    private readonly setting: string,
    private readonly around: Surroundings,
  ) {}

  read(text: string): CellSettings[] {
    const given = objectIn(text);
    if (!given) {
      this.#problem(`must be JSON such as ${EXAMPLE}`);
      return [];
    }
    const names = Object.keys(given);
    if (names.length > MOST_CELLS) this.#problem(`names ${names.length} cells; ${MOST_CELLS} are allowed`);
    const cells = names.flatMap((name) => this.#cell(name, given[name]) ?? []);
    this.#checkDifferent(cells);
    return cells;
  }

  #cell(name: string, given: unknown): CellSettings | null {
    if (!NAME.test(name) || name === MAIN_CELL) {
      this.#problem(
        `has the cell ${JSON.stringify(name)}; a name has 2 to 63 of a-z, 0-9 and -, begins with a letter, and is not ${MAIN_CELL}`,
      );
      return null;
    }
    if (!isObject(given)) {
      this.#problem(`cell ${name} must be an object with ${KEYS.join(', ')}`);
      return null;
    }
    const other = Object.keys(given).find((key) => !KEYS.includes(key as (typeof KEYS)[number]));
    if (other !== undefined)
      this.#problem(`cell ${name} has ${JSON.stringify(other)}; known are ${KEYS.join(', ')}`);
    const app = this.#connection(name, 'url', given.url);
    const owner = this.#connection(name, 'owner_url', given.owner_url);
    const direct = this.#connection(name, 'direct_url', given.direct_url);
    const replica = this.#connection(name, 'replica_url', given.replica_url);
    if (given.url === undefined)
      this.#problem(`cell ${name} lacks url, the connection of the program's role`);
    if (!app) return null;
    if (owner?.user === app.user)
      this.#problem(`cell ${name}: owner_url must not be the program's role ${app.user}, which owns nothing`);
    return { name, app, owner, ...(direct && { direct }), ...(replica && { replica: replicaOf(replica) }) };
  }

  #connection(name: string, key: string, given: unknown): ConnectionSettings | null {
    if (given === undefined || given === null) return null;
    const parsed = typeof given === 'string' ? parseDatabaseUrl(given) : null;
    if (!parsed)
      this.#problem(`cell ${name}: ${key} must look like postgres://user:password@host:5432/database`);
    const { answersWithin } = this.around;
    return parsed && { ...parsed, ...(answersWithin !== undefined && { answersWithin }) };
  }

  /** Finds cells that are one database, whose tenants would be worked on twice. */
  #checkDifferent(cells: readonly CellSettings[]): void {
    const { main } = this.around;
    const known = new Map<string, string>(main ? [[placeOf(main), MAIN_CELL]] : []);
    for (const { name, app, direct } of cells) {
      const place = placeOf(direct ?? app);
      const same = known.get(place);
      if (same !== undefined) this.#problem(`cells ${same} and ${name} are one database, ${place}`);
      known.set(place, name);
    }
  }

  #problem(text: string): void {
    this.reader.problem(this.setting, text);
  }
}

const placeOf = ({ host, port, database }: ConnectionSettings) => `${host}:${port}/${database}`;

function objectIn(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
