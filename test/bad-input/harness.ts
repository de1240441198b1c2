import { readdirSync } from 'node:fs';
import { expect, vi } from 'vitest';
import type { RouteDefinition } from '../../src/routing/route.js';
import { type Answer, type Ask, startTestApp, type TestApp } from '../helpers/app.js';
import { createRecord, isRecordRoute, pathOf, routeName } from '../helpers/routes.js';
import { seedStaff } from '../helpers/staff.js';
import { WriteWatch } from '../helpers/written.js';

/** Printed by fast-check with every failure; choose another with BAD_INPUT_SEED=… */
export const SEED = Number(process.env.BAD_INPUT_SEED ?? 20_261_125);
/** For each test of a file that starts the harness; they take seconds, where nothing else runs. */
const TIMEOUT_MS = 120_000;
const RUNS_IN_ALL = 2_500;

/** Returns how often to try each operation: less often as the API grows, so that the suite stays quick. */
export function parameters(operations: number) {
  return { seed: SEED, numRuns: Math.max(25, Math.min(100, Math.floor(RUNS_IN_ALL / operations))) };
}

/** The answers of the last resort when PostgreSQL rejects a value: the route should have found the field before. */
const LAST_RESORT = /^(A value is out of range|The change conflicts with other records)/;

/** The application with a record for every route, watched for writes. */
export class Harness {
  #known: Record<string, string> | undefined;
  #areAllRefused = false;

  private constructor(
    readonly app: TestApp,
    private readonly watch: WriteWatch,
    public token: string,
    private readonly paths: ReadonlyMap<RouteDefinition, string>,
  ) {}

  static async start(environment: Record<string, string> = {}): Promise<Harness> {
    vi.setConfig({ testTimeout: TIMEOUT_MS });
    // Log-ins with wrong passwords are counted, but here there may be any number.
    const app = await startTestApp({ environment });
    await seedStaff(app);
    const paths = new Map<RouteDefinition, string>();
    for (const definition of app.app.routes) {
      const record = isRecordRoute(definition) ? await createRecord(app, 'tenant_main', definition) : 'x';
      paths.set(definition, pathOf(definition, record));
    }
    return new Harness(app, await WriteWatch.open(app.databases), await app.logIn('admin'), paths);
  }

  /** Returns the served routes of this kind, with their names. */
  operations(suits: (definition: RouteDefinition) => unknown): (readonly [string, RouteDefinition])[] {
    return this.app.app.routes.filter(suits).map((definition) => [routeName(definition), definition]);
  }

  /**
   * Sends a request to the route's record with all permissions, and checks what holds for each answer: no failure of
   * the server; a 400 that names the problem; nothing written unless it succeeded.
   */
  async send(
    definition: RouteDefinition,
    asked: Ask & { readonly search?: string; readonly path?: string },
  ): Promise<Answer> {
    const { search = '', path = this.paths.get(definition) ?? definition.path, ...rest } = asked;
    let before = await this.#state();
    const ask = () => this.app.ask(definition.method, path + search, { token: this.token, ...rest });
    let answer = await ask();
    if (answer.status === 401 && !rest.token && !rest.headers?.authorization) {
      expect(await this.#state(true)).toEqual(before);
      this.token = await this.app.logIn('admin'); // an earlier request has ended its user's sessions
      before = await this.#state(true);
      answer = await ask();
    }
    expect(answer.status).toBeLessThan(500);
    if (answer.status === 400 && !isUnread(answer)) checkProblem(definition, answer);
    if (this.#areAllRefused) expect(answer.status).toBeGreaterThanOrEqual(400);
    else if (answer.status < 400) this.#known = undefined;
    else expect(await this.#state(true)).toEqual(before);
    return answer;
  }

  /**
   * Runs work all of whose requests must be refused. What is stored is compared once, after the last of them: comparing
   * after each takes a third of the time of such a request.
   */
  async refused(work: () => Promise<void>): Promise<void> {
    await this.#state();
    this.#areAllRefused = true;
    try {
      await work();
    } finally {
      this.#areAllRefused = false;
    }
    const before = this.#known;
    expect(await this.#state(true)).toEqual(before);
  }

  /** Returns the present content of the database and the store, for comparison. */
  async written(): Promise<Record<string, string>> {
    return await this.#state(true);
  }

  /** Checks that the server still works. */
  async expectHealthy(): Promise<void> {
    expect((await this.app.ask('GET', '/health/')).body.status).toBe('healthy');
  }

  async close(): Promise<void> {
    await this.watch.close();
    await this.app.close();
  }

  /** Returns the rows of the database and the stored files; read again when they may have changed. */
  async #state(anew = false): Promise<Record<string, string>> {
    if (this.#known && !anew) return this.#known;
    const { mediaDirectory } = this.app.config;
    let files: string[] = [];
    try {
      files = readdirSync(mediaDirectory, { recursive: true, encoding: 'utf8' });
    } catch {} // created with the first file
    this.#known = { ...(await this.watch.state()), files: files.sort().join(' ') };
    return this.#known;
  }
}

/**
 * Returns whether Node itself answered a request that is no valid HTTP, such as one with letters beyond ASCII in its
 * URL.
 */
export function isUnread({ status, body }: Answer): boolean {
  return status === 431 || (status === 400 && body?.message === 'Client Error');
}

/**
 * Returns the problem in one sentence, as in actions on tasks and notifications, and elsewhere where no field is
 * concerned.
 */
function textOf({ detail, error }: Answer['body']): string | undefined {
  return [detail, error].find((text) => typeof text === 'string');
}

/** Returns whether a 400 names the field that it concerns: by its key, or in the words of an action. */
export function namesField({ body }: Answer, name: string): boolean {
  return (
    Object.hasOwn(body, name) || (typeof body.error === 'string' && body.error.toLowerCase().includes(name))
  );
}

function checkProblem(definition: RouteDefinition, { body }: Answer): void {
  const text = textOf(body);
  if (text !== undefined) {
    expect(text).not.toMatch(LAST_RESORT);
    return;
  }
  const known = [
    ...Object.keys(definition.body?.shape ?? {}),
    ...Object.keys(definition.query ?? {}),
    'non_field_errors',
  ];
  expect(known).toEqual(expect.arrayContaining(Object.keys(body)));
  expect(Object.keys(body)).not.toEqual([]);
  for (const problem of Object.values(body)) {
    if (Array.isArray(problem)) expect(problem).toEqual(problem.map(() => expect.any(String)));
    else expect(problem).toEqual(expect.any(Object)); // by key, where the value has keys
  }
}
