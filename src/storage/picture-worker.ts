/** The program of the process that decodes pictures: `content` in, a picture or the sentence for its sender out. */
import { cleanPicture, PictureError } from './clean-picture.js';
import type { PictureAnswer } from './picture-process.js';

process.on('message', async (content: Uint8Array) => {
  let answer: PictureAnswer;
  try {
    answer = { picture: await cleanPicture(Buffer.from(content)) };
  } catch (error) {
    if (!(error instanceof PictureError)) throw error; // which ends this process; the next picture has a new one
    answer = { problem: error.message };
  }
  process.send?.(answer);
});
process.on('disconnect', () => process.exit());
// Signals of the terminal or the service manager reach the whole group; the parent ends this process when it is done.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
