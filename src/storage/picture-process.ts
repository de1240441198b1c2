import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { FairSemaphore } from '../platform/fair-semaphore.js';
import { type CleanPicture, PictureError } from './clean-picture.js';

/** Message of the decoding process: a picture, or the sentence for the sender of what is none. */
export type PictureAnswer = { readonly picture: CleanPicture } | { readonly problem: string };

/** Milliseconds for one picture, the start of the process included; libvips ends what takes longer than 10 s. */
const DECODED_WITHIN_MS = 20_000;
/** Milliseconds without a picture after which the process ends and gives its memory back. */
const KEPT_IDLE_MS = 10_000;
/** Limit of the process's JavaScript heap in megabytes; the pixels are outside of it. */
const HEAP_MB = 32;

const isCompiled = import.meta.url.endsWith('.js');
const WORKER = fileURLToPath(new URL(`picture-worker.${isCompiled ? 'js' : 'ts'}`, import.meta.url));

/** One picture at a time, in turns of tenants: a large one takes up to 400 MB and seconds of a processor. */
const atOnce = new FairSemaphore(1);

let decoder: ChildProcess | undefined;
let idle: NodeJS.Timeout | undefined;

/**
 * Returns a picture as `cleanPicture` does, decoded in a process of its own: its memory is not that of the requests, what
 * it dies of is not theirs, and it has none of the program's settings and keys.
 * @param schema the tenant's  @throws PictureError
 */
export async function cleanPictureApart(schema: string, content: Buffer): Promise<CleanPicture> {
  return await atOnce.run(schema, async () => {
    clearTimeout(idle);
    decoder ??= startDecoder();
    const answer = await answerOf(decoder, content);
    idle = setTimeout(endDecoder, KEPT_IDLE_MS);
    idle.unref();
    if ('problem' in answer) throw new PictureError(answer.problem);
    const { picture } = answer;
    return { ...picture, content: Buffer.from(picture.content) };
  });
}

function startDecoder(): ChildProcess {
  const started = fork(WORKER, {
    execArgv: [...(isCompiled ? [] : ['--import', 'tsx']), `--max-old-space-size=${HEAP_MB}`],
    env: {},
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  started.once('exit', () => {
    if (decoder === started) decoder = undefined;
  });
  started.on('error', () => endDecoder()); // not started, or not killed; `answerOf` is told too
  started.unref();
  started.channel?.unref();
  return started;
}

function endDecoder(): void {
  decoder?.kill('SIGKILL');
  decoder = undefined;
}

/** Returns the answer of the process, which is ended if it takes too long. @throws PictureError */
async function answerOf(child: ChildProcess, content: Buffer): Promise<PictureAnswer> {
  child.channel?.ref();
  return await new Promise<PictureAnswer>((resolve, reject) => {
    const settle = (end: () => void) => {
      clearTimeout(deadline);
      child.off('message', onMessage).off('exit', onExit).off('error', reject);
      child.channel?.unref();
      end();
    };
    const onMessage = (answer: unknown) => settle(() => resolve(answer as PictureAnswer));
    const onExit = () =>
      settle(() => reject(new PictureError('The picture is damaged: it cannot be read to its end.')));
    const deadline = setTimeout(() => {
      endDecoder();
      settle(() => reject(new PictureError('The picture takes too long to read: send a smaller one.')));
    }, DECODED_WITHIN_MS);
    child.once('message', onMessage).once('exit', onExit).once('error', reject);
    child.send(content, (error) => error && settle(() => reject(error)));
  });
}
