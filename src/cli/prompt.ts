import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { CliError } from './cli-error.js';

const INTERRUPTED_EXIT_CODE = 130;

/**
 * Asks at the terminal and waits for a line.
 * @param options.hidden shows nothing of what is typed, for passwords
 * @throws CliError when the question is left with Ctrl-C or Ctrl-D
 */
export async function ask(question: string, { hidden = false }: { hidden?: boolean } = {}): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, written) => written() });
  if (hidden) process.stdout.write(question);
  const terminal = createInterface({
    input: process.stdin,
    output: hidden ? silent : process.stdout,
    terminal: true,
  });
  try {
    return await new Promise<string>((resolve, reject) => {
      terminal.once('close', () => reject(new CliError('nothing was done', INTERRUPTED_EXIT_CODE)));
      terminal.question(hidden ? '' : question, resolve);
    });
  } finally {
    terminal.close();
    if (hidden) process.stdout.write('\n');
  }
}
