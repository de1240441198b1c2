import { setImmediate as nextTurn } from 'node:timers/promises';

/** The part of stdout and stderr that is used for writing. */
export type OutputStream = Pick<NodeJS.WriteStream, 'on' | 'write' | 'writableLength'>;

/** The state of a command's output. */
export interface Output {
  /**
   * Waits until everything is written.
   * @param exitCode the command's own exit code
   * @returns the same, or 1 for a command that succeeded but whose output was lost. A reader that has enough and closes
   * the pipe, such as head, loses nothing.
   */
  exitCode(exitCode: number): Promise<number>;
}

/**
 * Watches what is written from now on; a command that cannot write goes on with its work, and reports that at its end.
 */
export function watchOutput(stdout: OutputStream, stderr: OutputStream): Output {
  let failure: NodeJS.ErrnoException | undefined;
  stdout.on('error', (error) => {
    failure ??= error;
  });
  // There is nowhere left to report this.
  stderr.on('error', () => undefined);
  return {
    async exitCode(exitCode) {
      await written(stdout);
      if (!failure || failure.code === 'EPIPE') return exitCode;
      stderr.write(`the output could not be written (${failure.message})\n`);
      await written(stderr);
      return exitCode || 1;
    },
  };
}

/**
 * Waits until a stream is written: a pipe takes what fits into it and the rest as it is read; a file's errors come a
 * turn later.
 */
async function written(stream: OutputStream): Promise<void> {
  if (stream.writableLength > 0) await new Promise<void>((resolve) => stream.write('', () => resolve()));
  await nextTurn();
}
