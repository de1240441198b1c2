import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { CliError } from './cli-error.js';

export interface AskOptions {
  /** Shows nothing of what is typed, for passwords. */
  readonly hidden?: boolean;
  readonly input?: NodeJS.ReadableStream;
  readonly output?: NodeJS.WritableStream;
}

const INTERRUPTED_EXIT_CODE = 130;

/** Asks at the terminal and waits for a line. @throws CliError when the question is left with Ctrl-C or Ctrl-D */
export async function ask(question: string, options: AskOptions = {}): Promise<string> {
  const { hidden = false, input = process.stdin, output = process.stdout } = options;
  const silent = new Writable({ write: (_chunk, _encoding, written) => written() });
  if (hidden) output.write(question);
  const terminal = createInterface({ input, output: hidden ? silent : output, terminal: true });
  let answered = false;
  try {
    return await new Promise<string>((resolve, reject) => {
      terminal.once('close', () => reject(new CliError('nothing was done', INTERRUPTED_EXIT_CODE)));
      terminal.question(hidden ? '' : question, (answer) => {
        answered = true;
        resolve(answer);
      });
    });
  } finally {
    terminal.close();
    // The typed line has ended the line of output only where it was shown.
    if (hidden || !answered) output.write('\n');
  }
}
