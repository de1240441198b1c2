import { type Config, loadConfig } from '../config/config.js';
import { asTyped, invocation } from './invocation.js';
import { createProgress, type Progress } from './progress.js';
import { ask } from './prompt.js';

/** What every command gets: where its settings come from and where its words go. */
export interface CliContext {
  /** The environment; what is given on the command line may be laid over it. */
  readonly environment: NodeJS.ProcessEnv;
  /** The words to type before a command's name; see invocation.ts. */
  readonly invocation: string;
  /** Whether somebody can be asked. */
  readonly isInteractive: boolean;
  /** One line of result on stdout. */
  print(line: string): void;
  /** Writes a line of warning or error to stderr; commands in it are shown as the reader can type them. */
  warn(line: string): void;
  /** What somebody at the terminal answers; `hidden` for passwords. To be called only when `isInteractive`. */
  ask(question: string, options?: { readonly hidden?: boolean }): Promise<string>;
  /** Shows what is being done: on stderr when stdout carries data to be read by a program. */
  progress(stream?: NodeJS.WriteStream): Progress;
  /** @throws ConfigError with all that is wrong with the settings. */
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
    warn: (line) => void process.stderr.write(`${asTyped(line, prefix)}\n`),
    ask,
    progress: (stream = process.stdout) => createProgress(stream),
    config: (overrides = {}) => {
      const given = Object.entries(overrides).filter(([, value]) => value !== undefined);
      return loadConfig({ ...environment, ...Object.fromEntries(given) });
    },
  };
}
