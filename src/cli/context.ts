import { type Config, loadConfig } from '../config/config.js';
import { writeJson } from '../database/json.js';
import { asTyped, invocation } from './invocation.js';
import { createProgress, type Progress } from './progress.js';
import { ask } from './prompt.js';

/** The surroundings of a command: settings and output. */
export interface CliContext {
  /** The environment, possibly overridden by the command line. */
  readonly environment: NodeJS.ProcessEnv;
  /** The words to type before a command's name; see invocation.ts. */
  readonly invocation: string;
  /** Whether somebody can be asked at a terminal. */
  readonly isInteractive: boolean;
  /** Prints one line of a result on stdout. */
  print(line: string): void;
  /** Prints a result: as JSON where that is asked for, else as lines for people. */
  show(json: boolean | undefined, value: unknown, lines: () => readonly string[]): void;
  /** Writes a line of warning or error to stderr; commands in it are shown as the reader can type them. */
  warn(line: string): void;
  /** Asks a question at the terminal; `hidden` for passwords. Call it only when `isInteractive`. */
  ask(question: string, options?: { readonly hidden?: boolean }): Promise<string>;
  /** Returns a progress display: on stderr when stdout carries data for a program. */
  progress(stream?: NodeJS.WriteStream): Progress;
  /** Reads the settings. @throws ConfigError with all their problems */
  config(overrides?: Readonly<Record<string, string | undefined>>): Config;
}

/** Returns the context of a command started by a person or a script. */
export function createContext(environment: NodeJS.ProcessEnv = process.env): CliContext {
  const prefix = invocation({ environment, script: process.argv[1], directory: process.cwd() });
  return {
    environment,
    invocation: prefix,
    isInteractive: process.stdin.isTTY === true && process.stdout.isTTY === true,
    print: (line) => void process.stdout.write(`${line}\n`),
    show(json, value, lines) {
      for (const line of json ? [writeJson(value, 2)] : lines()) this.print(line);
    },
    warn: (line) => void process.stderr.write(`${asTyped(line, prefix)}\n`),
    ask,
    progress: (stream = process.stdout) => createProgress(stream),
    config: (overrides = {}) => {
      const given = Object.entries(overrides).filter(([, value]) => value !== undefined);
      return loadConfig({ ...environment, ...Object.fromEntries(given) });
    },
  };
}
