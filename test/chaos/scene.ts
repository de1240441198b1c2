import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionSettings } from '../../src/config/config.js';
import { settingsFor } from '../helpers/cli.js';
import { idOf } from '../helpers/staff.js';
import { type Row, tenantSql } from '../helpers/tenant-sql.js';
import { Program, type StartOptions } from '../start/program.js';
import type { Stage } from './stage.js';

/** Two active users; every client is assigned to one of them. */
export const ASSIGNEES = [idOf('consultant1'), idOf('consultant12')] as const;

/**
 * One change of a client: to the other assignee and the other stage, which makes one event each, and each event one
 * timeline entry and one notification. The last name counts the client's changes.
 */
export const CHANGE = `UPDATE immigration_client SET
  assigned_to_id = CASE assigned_to_id WHEN ${ASSIGNEES[0]} THEN ${ASSIGNEES[1]} ELSE ${ASSIGNEES[0]} END,
  stage = CASE stage WHEN 'LEAD' THEN 'CLIENT' ELSE 'LEAD' END, last_name = (last_name::integer + 1)::text`;
export const RULES = 2;

export interface ServeOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly program?: string;
}

/** A case's database, and the processes that work on it. */
export class Scene {
  readonly #programs: Program[] = [];
  readonly admin: ConnectionSettings;

  private constructor(
    readonly stage: Stage,
    private readonly name: string,
    readonly app: ConnectionSettings,
    readonly owner: ConnectionSettings,
  ) {
    this.admin = { ...stage.server.admin, database: name };
  }

  /** Runs `work` on a database of its own, and cleans up. */
  static async play<T>(stage: Stage, work: (scene: Scene) => Promise<T>): Promise<T> {
    const { name, app, owner } = await stage.newDatabase();
    const scene = new Scene(stage, name, app, owner);
    try {
      return await work(scene);
    } finally {
      await Promise.all(scene.#programs.map((program) => program.kill('SIGKILL')));
      await stage.dropDatabase(name);
    }
  }

  /** Runs statements as the server's superuser; tables of the tenant need no schema. */
  sql(text: string, values?: unknown[], schema?: string): Promise<Row[]> {
    return tenantSql(this.admin, text, values, schema);
  }

  /** Returns the one number of a query's result. */
  async number(text: string, values?: unknown[], schema?: string): Promise<number> {
    const [row] = await this.sql(text, values, schema);
    return Number(Object.values(row ?? {})[0]);
  }

  /** Starts `leopard serve`; resolves when it is running. */
  async serve(services: string, { environment = {}, program }: ServeOptions = {}): Promise<Program> {
    const started = Program.leopard(['serve', '--services', services], this.#start(environment, program));
    this.#programs.push(started);
    await started.said(/(^|")(running |Leopard is ready)/m); // words at a terminal, JSON elsewhere
    return started;
  }

  worker(options?: ServeOptions): Promise<Program> {
    return this.serve('worker', options);
  }

  /** Runs a command to its end. @throws Error with its output when it fails */
  async leopard(...args: string[]): Promise<string> {
    const command = Program.leopard(args, this.#start({}));
    const { code } = await command.ended;
    if (code !== 0) throw new Error(`leopard ${args.join(' ')}: ${command.stderr}`);
    return command.stdout;
  }

  #start(environment: Readonly<Record<string, string>>, program = this.stage.program): StartOptions {
    const directory = this.stage.folder;
    const databases = { app: this.app, owner: this.owner, admin: this.admin, drop: async () => undefined };
    const settings = settingsFor(databases, join(directory, this.name)) as Record<string, string>;
    return {
      directory,
      program,
      environment: {
        ...settings,
        PORT: '0',
        METRICS_PORT: '0',
        EMAIL_TRANSPORT: 'off',
        LOG_LEVEL: 'error',
        ...environment,
      },
    };
  }

  async addClients(count: number, schema = 'tenant_main'): Promise<void> {
    await this.sql(
      `INSERT INTO immigration_client (first_name, last_name, gender, country, stage, assigned_to_id)
       SELECT 'Client ' || n, '0', 'MALE', 'NP', 'LEAD', ${ASSIGNEES[0]} FROM generate_series(1, $1::integer) n`,
      [count],
      schema,
    );
  }

  /** Changes the clients that meet the condition, in one statement: RULES events for each. */
  async change(where = 'true', schema = 'tenant_main'): Promise<void> {
    await this.sql(`${CHANGE} WHERE ${where}`, [], schema);
  }

  waiting(schema = 'tenant_main'): Promise<number> {
    return this.number('SELECT count(*) FROM public.event_queue WHERE schema_name = $1', [schema]);
  }

  /** Waits until this holds; an unreachable server counts as "not yet". @returns milliseconds */
  async until(what: () => Promise<boolean> | boolean, within = 60_000, every = 20): Promise<number> {
    const begun = performance.now();
    for (;;) {
      const holds = await Promise.resolve()
        .then(what)
        .catch(() => false);
      const passed = performance.now() - begun;
      if (holds) return passed;
      if (passed > within) throw new Error(`not within ${within} ms: ${what}`);
      await sleep(every);
    }
  }

  /** Waits until no event of the tenant waits. @returns milliseconds */
  drained(within = 120_000, schema = 'tenant_main'): Promise<number> {
    const query = `SELECT FROM public.event_queue WHERE schema_name = '${schema}' LIMIT 1`;
    return this.until(async () => (await this.sql(query)).length === 0, within);
  }
}
