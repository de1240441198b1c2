import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';

// Runs the shell commands of a page of documentation, one block after the other in one shell, and compares what they
// print with the output that the page shows.

/** A block of commands, and the output that the page shows directly below it. */
export interface Snippet {
  readonly commands: string;
  /** Null where the page shows none. `…` stands for anything, and white space does not count. */
  readonly output: string | null;
}

export interface PageRun {
  readonly code: number | null;
  readonly stderr: string;
  /** Output of each block; those after a failed command are missing. */
  readonly printed: readonly string[];
  /** The blocks whose output differs from the page's, with both. */
  readonly differing: readonly string[];
}

export interface PageOptions {
  /** The port on which the program runs here; pages say 8000. */
  readonly port: number;
  /** Other ports that a page names, and those that are taken here. */
  readonly others?: Readonly<Record<number, number>>;
  /** The working directory of the commands. */
  readonly directory: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Commands that go before and after the page's own. */
  readonly before?: string;
  readonly after?: string;
  /** Milliseconds after which all of it is ended. */
  readonly within?: number;
}

const SNIPPET = /^```sh\n(.*?)^```(?:\n+```(?:json|text)\n(.*?)^```)?/gms;
const MARK = '\u001e';
/** The program as the pages call it. */
const PROGRAM = `
leopard() { node "$LEOPARD" "$@"; }
npx() { if [ "$1" = leopard ]; then shift; leopard "$@"; else command npx "$@"; fi; }
`;

/** Finds the shell blocks of a page. */
export function snippetsOf(page: string): Snippet[] {
  return [...page.matchAll(SNIPPET)].map(([, commands = '', output]) => ({
    commands,
    output: output ?? null,
  }));
}

/** Reads the shell blocks of a page. @param path from the project's root */
export async function readSnippets(path: string): Promise<Snippet[]> {
  return snippetsOf(await readFile(join(PACKAGE_ROOT, path), 'utf8'));
}

/** Runs snippets in one shell, which ends at the first command that fails. */
export async function runSnippets(snippets: readonly Snippet[], options: PageOptions): Promise<PageRun> {
  const { port, others = {}, directory, environment, before = '', after = '', within = 100_000 } = options;
  const ports = Object.entries({ 8000: port, ...others });
  const blocks = snippets.map(({ commands }) =>
    ports.reduce(
      (text, [shown, here]) => text.replaceAll(new RegExp(`\\b${shown}\\b`, 'g'), `${here}`),
      commands,
    ),
  );
  const script = ['set -euo pipefail; export LC_ALL=C.UTF-8', PROGRAM, before, ...blocks, after].join(
    `\nprintf '${MARK}'\n`,
  );
  const { PATH } = process.env;
  const shell = spawn('bash', ['-c', script], {
    cwd: directory,
    // A process group of its own, which ends with the shell: what a failed page left running would hold its output.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH, LEOPARD: join(PACKAGE_ROOT, 'bin', 'leopard.js'), ...environment },
  });
  const endGroup = () => {
    try {
      process.kill(-(shell.pid as number), 'SIGKILL');
    } catch {
      // All of it has ended.
    }
  };
  const tooLong = setTimeout(endGroup, within);
  const ended = new Promise<number | null>((resolve) => {
    shell.once('exit', (status) => {
      clearTimeout(tooLong);
      endGroup();
      resolve(status);
    });
  });
  const [stdout, stderr, code] = await Promise.all([text(shell.stdout), text(shell.stderr), ended]);
  const printed = stdout.split(MARK).slice(3);
  const differing = snippets.flatMap(({ commands, output }, place) => {
    const actual = printed[place];
    if (output === null || actual === undefined || matches(actual, output)) return [];
    return [`${commands}--- prints\n${actual}--- and the page shows\n${output}`];
  });
  return { code, stderr, printed, differing };
}

/** Returns whether a text is as the page shows it. */
export function matches(actual: string, shown: string): boolean {
  const dense = (words: string) => words.replaceAll(/\s+/g, '');
  const [first = '', ...others] = dense(shown).split('…');
  let rest = dense(actual);
  if (others.length === 0) return rest === first;
  if (!rest.startsWith(first)) return false;
  rest = rest.slice(first.length);
  const last = others.pop() as string;
  for (const part of others) {
    const place = rest.indexOf(part);
    if (place < 0) return false;
    rest = rest.slice(place + part.length);
  }
  return rest.endsWith(last);
}
