import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CliContext, createContext } from '../../src/cli/context.js';
import { runCli } from '../../src/cli/program.js';
import type { ConnectionSettings } from '../../src/config/config.js';
import { type TestDatabase, testDatabase } from './database.js';

/** The output of a command, and how it ended. */
export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The questions asked at the terminal. */
  readonly questions: readonly string[];
}

export interface CommandOptions {
  /** The answers given at the terminal, one after the other; without them there is no terminal. */
  readonly answers?: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
}

/** Creates a database and a folder for tests of commands, with the settings that name them. */
export async function cliSurroundings() {
  const folder = await mkdtemp(join(tmpdir(), 'leopard-cli-'));
  const database = await testDatabase();
  const close = async () => {
    await database.drop();
    await rm(folder, { recursive: true });
  };
  return { database, folder, settings: settingsFor(database, folder), close };
}

/** Returns the settings of a program that uses this database. */
export function settingsFor(database: TestDatabase, folder: string): NodeJS.ProcessEnv {
  return {
    DATABASE_URL: databaseUrl(database.app),
    DATABASE_OWNER_URL: databaseUrl(database.owner),
    SECRET_KEY: 'a key for tests, long enough and like no other: 9182736450',
    LEOPARD_DATA_DIR: folder,
    MEDIA_DIR: `${folder}/media`,
    DRAIN_SECONDS: '0',
  };
}

export function databaseUrl({ host, port, database, user, password }: ConnectionSettings): string {
  return `postgres://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${host}:${port}/${database}`;
}

/** Runs one command as `leopard` would, and collects its output. */
export async function runCommand(
  settings: NodeJS.ProcessEnv,
  args: readonly string[],
  { answers, environment = {} }: CommandOptions = {},
): Promise<CommandResult> {
  const [stdout, stderr, questions]: [string[], string[], string[]] = [[], [], []];
  const left = [...(answers ?? [])];
  const real = createContext({ ...settings, ...environment });
  const context: CliContext = {
    ...real,
    isInteractive: answers !== undefined,
    print: (line) => void stdout.push(line),
    warn: (line) => void stderr.push(line),
    progress: () => ({
      say() {},
      count() {},
      note: (line) => void stderr.push(line),
      done() {},
      failed() {},
    }),
    async ask(question) {
      questions.push(question);
      const answer = left.shift();
      if (answer === undefined) throw new Error(`nobody answers: ${question}`);
      return answer;
    },
  };
  const exitCode = await runCli(args, context);
  return { exitCode, stdout: stdout.join('\n'), stderr: stderr.join('\n'), questions };
}
