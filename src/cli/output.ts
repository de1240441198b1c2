import { setImmediate as nextTurn } from 'node:timers/promises';

/** What stdout and stderr are, as far as writing goes. */
export type OutputStream = Pick<NodeJS.WriteStream, 'on' | 'write' | 'writableLength'>;

/** What has become of a command's output. */
export interface Output {
  /**
   * Waits until everything is written.
   * @param exitCode how the command ended
   * @returns the same, or 1 for a command that succeeded and whose output was lost. A reader that has enough and goes
   *   away, such as head, loses nothing.
   */
  exitCode(exitCode: number): Promise<number>;
}

/** Watches what is written from now on; a command that cannot write goes on with its work, and tells at its end. */
export function watchOutput(stdout: OutputStream, stderr: OutputStream): Output {
  let failure: NodeJS.ErrnoException | undefined;
  stdout.on('error', (error) => {
    failure ??= error;
  });
  // There is nowhere left to tell of this.
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

/** Returns a pipe takes what fits into it at once and the rest as it is read; a file's errors come a turn later. */
async function written(stream: OutputStream): Promise<void> {
  if (stream.writableLength > 0) await new Promise<void>((resolve) => stream.write('', () => resolve()));
  await nextTurn();
}
